// Plan: values are held until there are too many, which makes a run of them in
// the file, in pieces of kAtOnce; a visit merges the runs by a heap of readers.
#include "matcher/check/external_sort.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/check/spilled_value.h"

namespace tekmatch {
namespace {

// Values that are bytes at the same time.
constexpr size_t kAtOnce = 1024;

}  // namespace

template <typename T>
ExternalSort<T>::ExternalSort(Less less, size_t memory_bytes, SpillFile* file)
    : less_(less),
      max_held_(std::max<size_t>(1, memory_bytes / sizeof(T))),
      file_(file) {}

template <typename T>
absl::Status ExternalSort<T>::Add(const T& value) {
  if (held_.size() == max_held_) TEKMATCH_RETURN_IF_ERROR(Spill());
  if (held_.size() == held_.capacity()) {
    held_.reserve(
        std::min(max_held_, std::max(kLeastOfRun, 2 * held_.capacity())));
  }
  held_.push_back(value);
  return absl::OkStatus();
}

template <typename T>
absl::Status ExternalSort<T>::Finish() {
  if (runs_.empty()) {
    std::sort(held_.begin(), held_.end(), less_);
    return absl::OkStatus();
  }
  if (!held_.empty()) TEKMATCH_RETURN_IF_ERROR(Spill());
  held_ = std::vector<T>();
  return absl::OkStatus();
}

template <typename T>
absl::Status ExternalSort<T>::Visit(
    absl::FunctionRef<absl::Status(const T&)> sink) const {
  for (const T& value : held_) TEKMATCH_RETURN_IF_ERROR(sink(value));
  return runs_.empty() ? absl::OkStatus() : Merge(sink);
}

template <typename T>
absl::Status ExternalSort<T>::Spill() {
  std::sort(held_.begin(), held_.end(), less_);
  const uint64_t offset = file_->size();
  std::vector<uint8_t> bytes;
  for (size_t begin = 0; begin < held_.size(); begin += kAtOnce) {
    const size_t num = std::min(kAtOnce, held_.size() - begin);
    bytes.resize(num * kSpilledBytes<T>);
    SpilledWriter writer(bytes.data());
    for (size_t i = begin; i < begin + num; ++i) {
      VisitSpilled(writer, std::as_const(held_[i]));
    }
    TEKMATCH_RETURN_IF_ERROR(file_->Append(bytes).status());
  }
  runs_.push_back({offset, held_.size()});
  held_.clear();
  return absl::OkStatus();
}

// False: there is no more.
template <typename T>
absl::StatusOr<bool> ExternalSort<T>::Fill(size_t most, Reader& reader) const {
  const auto num =
      static_cast<size_t>(std::min<uint64_t>(most, reader.rest.num));
  if (num == 0) return false;
  reader.buffer.resize(num);
  std::vector<uint8_t> bytes;
  for (size_t begin = 0; begin < num; begin += kAtOnce) {
    const size_t some = std::min(kAtOnce, num - begin);
    bytes.resize(some * kSpilledBytes<T>);
    TEKMATCH_RETURN_IF_ERROR(
        file_->ReadAt(reader.rest.offset, absl::MakeSpan(bytes)));
    reader.rest.offset += bytes.size();
    SpilledReader spilled(bytes.data());
    for (size_t i = begin; i < begin + some; ++i) {
      VisitSpilled(spilled, reader.buffer[i]);
    }
  }
  reader.rest.num -= num;
  reader.next = 0;
  return true;
}

template <typename T>
absl::Status ExternalSort<T>::Merge(
    absl::FunctionRef<absl::Status(const T&)> sink) const {
  const size_t most = std::max(kLeastOfRun, max_held_ / runs_.size());
  std::vector<Reader> readers(runs_.size());
  std::vector<size_t> heap;  // of readers, by their next values
  const auto later = [&](size_t a, size_t b) {
    return less_(readers[b].buffer[readers[b].next],
                 readers[a].buffer[readers[a].next]);
  };
  heap.reserve(runs_.size());
  for (size_t i = 0; i < runs_.size(); ++i) {
    readers[i].rest = runs_[i];
    TEKMATCH_RETURN_IF_ERROR(Fill(most, readers[i]).status());
    heap.push_back(i);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Reader& first = readers[heap.back()];
    TEKMATCH_RETURN_IF_ERROR(sink(first.buffer[first.next]));
    if (++first.next == first.buffer.size()) {
      TEKMATCH_ASSIGN_OR_RETURN(const bool more, Fill(most, first));
      if (!more) {
        heap.pop_back();
        continue;
      }
    }
    std::push_heap(heap.begin(), heap.end(), later);
  }
  return absl::OkStatus();
}

template class ExternalSort<Match>;
template class ExternalSort<PositionInFile>;
template class ExternalSort<Sighting>;

}  // namespace tekmatch
