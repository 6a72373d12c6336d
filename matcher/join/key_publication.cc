#include "matcher/join/key_publication.h"

namespace tekmatch {

absl::string_view PublishedFieldName(PublishedField field) {
  switch (field) {
    case PublishedField::kRollingStart:
      return "rolling_start";
    case PublishedField::kRollingPeriod:
      return "rolling_period";
    case PublishedField::kTransmissionRisk:
      return "transmission_risk";
    case PublishedField::kDaysSinceOnset:
      return "days_since_onset";
    case PublishedField::kVariantOfConcern:
      return "variant_of_concern";
  }
  return "";
}

}  // namespace tekmatch
