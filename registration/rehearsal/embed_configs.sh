#!/bin/sh
# Writes C++ that has the given JSON files as texts, by their names.
#
# Usage: embed_configs.sh FILE.json...
set -eu
echo '#include "registration/rehearsal/rehearsal_config.h"'
echo
echo 'namespace tekmatch {'
echo
echo 'absl::string_view ShippedConfig(absl::string_view name) {'
for file in "$@"; do
  name=$(basename "$file" .json)
  echo "  if (name == \"$name\") {"
  echo '    return R"json('
  cat "$file"
  echo ')json";'
  echo '  }'
done
echo '  return {};'
echo '}'
echo
echo 'std::vector<std::string> ShippedConfigNames() {'
echo '  return {'
for file in "$@"; do
  echo "      \"$(basename "$file" .json)\","
done
echo '  };'
echo '}'
echo
echo '}  // namespace tekmatch'
