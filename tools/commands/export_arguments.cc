// Plan: folders are listed, files stay as they are; pipes are read into memory.
#include "tools/commands/export_arguments.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/check/export_files.h"
#include "tools/files/input_stream.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

// In memory; the largest single export known has 16 MB.
constexpr uint64_t kMaxPipeBytes = 256 << 20;

bool IsExportName(const std::string& name) {
  return absl::EndsWith(name, ".zip") || absl::EndsWith(name, ".bin");
}

// Appends the folder's files; what the folders in it have comes after.
absl::Status AppendFolder(const fs::path& folder, bool recursive,
                          std::vector<std::string>* files) {
  std::vector<fs::path> found;
  std::vector<fs::path> folders;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    // Hidden folders are also those of runs that write now (OutputFolder,
    // PublishedFolder), with files that are not whole.
    if (absl::StartsWith(name, ".")) continue;
    // What cannot be looked at is no folder; if it is named as an export, it is
    // read, and refused with the system's reason.
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      if (!entry->is_symlink(ignored)) folders.push_back(entry->path());
    } else if (IsExportName(name)) {
      found.push_back(entry->path());
    }
  }
  if (error) {
    return SystemError(error.value(),
                       absl::StrCat(folder.string(), ": cannot be read"));
  }
  std::sort(found.begin(), found.end());
  for (const fs::path& path : found) files->push_back(path.string());
  if (!recursive) return absl::OkStatus();
  std::sort(folders.begin(), folders.end());
  for (const fs::path& path : folders) {
    TEKMATCH_RETURN_IF_ERROR(AppendFolder(path, recursive, files));
  }
  return absl::OkStatus();
}

}  // namespace

Option AddExportArguments(OptionSet& command, ExportArguments& arguments) {
  const Option exports = command.Arguments(
      "EXPORT", arguments.given,
      "Zip, bare export.bin (NAME.sig beside NAME.bin is read), or\n"
      "folder of *.zip and *.bin; - is stdin");
  command.Flag("--recursive", arguments.recursive,
               "Of folders, read those in them, too");
  return exports;
}

absl::StatusOr<std::vector<std::string>> ListExports(
    const ExportArguments& arguments) {
  std::vector<std::string> files;
  bool any_folder = false;
  for (const std::string& path : arguments.given) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      files.push_back(path);
      continue;
    }
    any_folder = true;
    const size_t before = files.size();
    TEKMATCH_RETURN_IF_ERROR(AppendFolder(path, arguments.recursive, &files));
    if (files.size() > before) continue;
    return absl::NotFoundError(absl::StrCat(
        path, ": no *.zip and no *.bin in this folder",
        arguments.recursive ? "" : " (--recursive reads those in it)"));
  }
  if (arguments.recursive && !any_folder) {
    return absl::InvalidArgumentError(
        "--recursive has no effect: no EXPORT is a folder");
  }
  return files;
}

void ReadsExports(const std::vector<std::string>& files, RunPaths* paths) {
  for (const std::string& path : files) {
    paths->Reads("EXPORT", path);
    paths->Reads("EXPORT", SignaturePathBeside(path));
  }
}

absl::StatusOr<std::map<std::string, std::shared_ptr<const ByteSource>>>
ReadPipes(const std::vector<std::string>& files) {
  std::map<std::string, std::shared_ptr<const ByteSource>> pipes;
  for (const std::string& path : files) {
    if (pipes.contains(path)) continue;
    TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> bytes,
                              ReadInputStream(path, kMaxPipeBytes));
    if (bytes != nullptr) pipes.emplace(path, std::move(bytes));
  }
  return pipes;
}

}  // namespace tekmatch
