// Plan: a path is told by device and inode, or, where there is no file yet, by
// its folder's and its name; stdin is read once; then every output is held
// against the inputs, the folders that are read, and the other outputs.
#include "tools/commands/run_paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "tools/files/input_stream.h"
#include "tools/files/output_file.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

// A file, or a name in a folder that is not there yet.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  std::string name;  // then device and inode are the folder's

  bool operator<(const Identity& other) const {
    return std::tie(device, inode, name) <
           std::tie(other.device, other.inode, other.name);
  }
};

std::string FolderOf(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

std::optional<Identity> IdentityOfFolder(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return std::nullopt;
  }
  return Identity{.device = info.st_dev, .inode = info.st_ino, .name = {}};
}

// None: a stream, a folder, or a place that cannot be.
std::optional<Identity> IdentityOfFile(const std::string& path) {
  struct stat info {};
  const bool is_there = IsStdin(path) ? fstat(STDIN_FILENO, &info) == 0
                                      : stat(path.c_str(), &info) == 0;
  if (is_there) {
    if (!S_ISREG(info.st_mode)) return std::nullopt;
    return Identity{.device = info.st_dev, .inode = info.st_ino, .name = {}};
  }
  const std::string target = ResolveLinks(path);
  std::optional<Identity> identity = IdentityOfFolder(FolderOf(target));
  if (identity.has_value()) {
    identity->name = fs::path(target).filename().string();
  }
  return identity;
}

// The files that stand in a folder; what else is there is not read.
std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    files.push_back(entry->path().string());
  }
  return files;
}

// By the system's names, as far as the path is there, without links.
fs::path Canonical(const std::string& path) {
  std::error_code error;
  const fs::path canonical =
      fs::weakly_canonical(fs::absolute(ResolveLinks(path), error), error);
  return canonical.has_filename() ? canonical : canonical.parent_path();
}

// Whether the file is the folder, or lies in it or in one below it.
bool LiesIn(const std::string& file, const std::string& folder) {
  const fs::path way = Canonical(file).lexically_relative(Canonical(folder));
  return !way.empty() && *way.begin() != "..";
}

absl::Status Same(absl::string_view flag, absl::string_view path,
                  absl::string_view what, absl::string_view other_flag,
                  absl::string_view other_path) {
  return absl::InvalidArgumentError(absl::StrCat(flag, " ", path, ": ", what,
                                                 other_flag, " ", other_path,
                                                 "; nothing was written"));
}

}  // namespace

void RunPaths::Reads(absl::string_view flag, const std::string& path) {
  if (!path.empty()) inputs_.push_back({std::string(flag), path});
}

void RunPaths::Reads(absl::string_view flag,
                     const std::vector<std::string>& paths) {
  for (const std::string& path : paths) Reads(flag, path);
}

void RunPaths::Writes(absl::string_view flag, const std::string& path) {
  if (!path.empty()) outputs_.push_back({std::string(flag), path});
}

void RunPaths::WritesFolder(absl::string_view flag, const std::string& path) {
  if (!path.empty()) written_folders_.push_back({std::string(flag), path});
}

absl::Status RunPaths::Check() const {
  const Named* stdin_reader = nullptr;
  for (const Named& input : inputs_) {
    if (!IsStdin(input.path)) continue;
    if (stdin_reader != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(input.flag, " ", input.path, ": stdin is read by ",
                       stdin_reader->flag, " ", stdin_reader->path));
    }
    stdin_reader = &input;
  }
  if (outputs_.empty()) return absl::OkStatus();
  std::map<Identity, const Named*> inputs;
  std::map<Identity, const Named*> folders;
  for (const Named& input : inputs_) {
    const std::optional<Identity> folder = IdentityOfFolder(input.path);
    if (folder.has_value()) {
      folders.emplace(*folder, &input);
      for (const std::string& file : FilesIn(input.path)) {
        if (const auto identity = IdentityOfFile(file); identity.has_value()) {
          inputs.emplace(*identity, &input);
        }
      }
    } else if (const auto identity = IdentityOfFile(input.path);
               identity.has_value()) {
      inputs.emplace(*identity, &input);
    }
  }
  std::map<Identity, const Named*> outputs;
  for (const Named& output : outputs_) {
    if (IsStdout(output.path)) continue;
    for (const Named& folder : written_folders_) {
      if (folder.flag != output.flag && LiesIn(output.path, folder.path)) {
        return Same(output.flag, output.path,
                    "lies in a folder that is written, ", folder.flag,
                    folder.path);
      }
    }
    const std::optional<Identity> identity = IdentityOfFile(output.path);
    if (!identity.has_value()) continue;
    if (const auto input = inputs.find(*identity); input != inputs.end()) {
      return Same(output.flag, output.path, "is an input too, ",
                  input->second->flag, input->second->path);
    }
    const auto parent = IdentityOfFolder(FolderOf(ResolveLinks(output.path)));
    if (parent.has_value()) {
      if (const auto folder = folders.find(*parent); folder != folders.end()) {
        return Same(output.flag, output.path, "lies in a folder that is read, ",
                    folder->second->flag, folder->second->path);
      }
    }
    const auto [other, is_new] = outputs.emplace(*identity, &output);
    if (!is_new) {
      return Same(output.flag, output.path, "is the file of another output, ",
                  other->second->flag, other->second->path);
    }
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
