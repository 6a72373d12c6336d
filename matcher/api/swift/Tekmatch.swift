// tekmatch for Swift, over tekmatch.h (module CTekmatch).
//
// Compiled by nobody here: there is no Swift where tekmatch is built. What was
// checked is the module and the header, by Clang. Read it as the plan of a
// wrapper, and say what your compiler says of it.
//
//   let trust = try Trust()
//   try trust.add([TrustedKey(id: "440", version: "v1", publicKey: pem)])
//   let store = try Store(folder: path)
//   try store.add(sightings, now: now)
//   let result = try store.check(paths: [file], trust: trust, options: options)
//   guard try result.counts().complete != 0 else { ... }  // files() say why
//   try result.compared()                  // throws where it rests on nothing
//   for day in try result.days() { ... }
//
// Each class owns one handle and gives it back when the last reference goes. A
// failure is thrown as TekmatchError. Strings are copied.
import CTekmatch
import Foundation

public struct TekmatchError: Error {
  public let status: TekmatchStatus
  public let message: String
}

// Calls with a buffer for the message, and throws what it says.
private func throwing(
  _ call: (UnsafeMutablePointer<CChar>, Int) -> TekmatchStatus
) throws {
  var buffer = [CChar](repeating: 0, count: 512)
  let status = buffer.withUnsafeMutableBufferPointer {
    call($0.baseAddress!, $0.count)
  }
  if status != TEKMATCH_OK {
    throw TekmatchError(status: status, message: String(cString: buffer))
  }
}

// All rows by size query and array.
private func rows<Row>(
  _ empty: Row,
  _ call: (
    UnsafeMutablePointer<Row>?, UnsafeMutablePointer<Int>,
    UnsafeMutablePointer<CChar>, Int
  ) -> TekmatchStatus
) throws -> [Row] {
  var count = 0
  try throwing { call(nil, &count, $0, $1) }
  var made = [Row](repeating: empty, count: count)
  try made.withUnsafeMutableBufferPointer { array in
    try throwing { call(array.baseAddress, &count, $0, $1) }
  }
  return made
}

// Strings that live as long as `body` runs.
private func withStrings<Result>(
  _ strings: [String?], _ body: ([UnsafePointer<CChar>?]) throws -> Result
) rethrows -> Result {
  let copies = strings.map { $0.map { strdup($0)! } }
  defer { copies.forEach { free($0) } }
  return try body(copies.map { $0.map { UnsafePointer($0) } })
}

public struct TrustedKey {
  public var id: String
  public var version: String?
  public var publicKey: Data

  public init(id: String, version: String?, publicKey: Data) {
    self.id = id
    self.version = version
    self.publicKey = publicKey
  }
}

// Whom to believe.
public final class Trust {
  fileprivate let handle: OpaquePointer

  public init() throws {
    var made: OpaquePointer?
    try throwing { tekmatch_trust_create(&made, $0, $1) }
    handle = made!
  }
  deinit { tekmatch_trust_destroy(handle) }

  // Keys that have to sign together.
  public func add(_ keys: [TrustedKey]) throws {
    let bytes = keys.map { $0.publicKey as NSData }
    try withStrings(keys.flatMap { [$0.id, $0.version] }) { strings in
      let given = keys.indices.map {
        TekmatchTrustedKey(
          id: strings[2 * $0]!, version: strings[2 * $0 + 1],
          public_key: bytes[$0].bytes, public_key_bytes: bytes[$0].length)
      }
      try withExtendedLifetime((self, bytes)) {
        try throwing {
          tekmatch_trust_add_set(handle, given, given.count, $0, $1)
        }
      }
    }
  }
}

public struct CheckOptions {
  public var now: Date
  public var policy = "none"
  public var policyZone: String?
  public var config: String?
  public var zone: String
  public var skipBadFiles = false
  public var threads: UInt32 = 1
  public var maxMilliseconds: Int64 = 0  // of a store's check; 0: no limit
  public var progress: ((_ numFiles: UInt64, _ numKeys: UInt64) -> Void)?
  public var isCancelled: (() -> Bool)?  // asked every few milliseconds

  public init(now: Date, zone: String) {
    self.now = now
    self.zone = zone
  }
}

// What an app remembers: sightings and what files said. For one thread at a
// time.
public final class Store {
  private let handle: OpaquePointer

  public init(folder: String) throws {
    var options = TekmatchStoreOptions()
    options.struct_size = UInt32(MemoryLayout.size(ofValue: options))
    options.flags = 1  // TEKMATCH_STORE_CREATE
    var made: OpaquePointer?
    try throwing { tekmatch_store_open(&made, folder, &options, $0, $1) }
    handle = made!
  }
  deinit { tekmatch_store_destroy(handle) }

  public func add(_ sightings: [TekmatchSighting], now: Date) throws {
    try withExtendedLifetime(self) {
      try throwing {
        tekmatch_store_add(
          nil, handle, sightings, sightings.count,
          Int64(now.timeIntervalSince1970), $0, $1)
      }
    }
  }

  // Whether everything is gone from all files; else call it again.
  public func forget() throws -> Bool {
    var erased: Int32 = 0
    try withExtendedLifetime(self) {
      try throwing { tekmatch_store_forget(&erased, handle, $0, $1) }
    }
    return erased != 0
  }

  public func check(
    paths: [String], trust: Trust, options: CheckOptions
  ) throws -> CheckResult {
    var stored = TekmatchStoreCheckOptions()
    stored.struct_size = UInt32(MemoryLayout.size(ofValue: stored))
    stored.max_milliseconds = options.maxMilliseconds
    return try withExtendedLifetime((self, trust)) {
      try checking(paths, options) { made, sources, given, message, bytes in
        tekmatch_store_check(
          made, handle, trust.handle, sources, sources.count, given, &stored,
          message, bytes)
      }
    }
  }

  // Renames a damaged database (TekmatchError with TEKMATCH_DATA_LOSS), so that
  // a new one can be made. No Store of the folder may be open.
  public static func setAside(folder: String) throws {
    try throwing { tekmatch_store_set_aside(folder, $0, $1) }
  }
}

// Sightings of an app with a store of its own, ready to be searched by many
// threads.
public final class Index {
  private let handle: OpaquePointer

  public init(_ sightings: [TekmatchSighting]) throws {
    var made: OpaquePointer?
    try throwing {
      tekmatch_index_create(&made, sightings, sightings.count, $0, $1)
    }
    handle = made!
  }
  deinit { tekmatch_index_destroy(handle) }

  public func check(
    paths: [String], trust: Trust, options: CheckOptions
  ) throws -> CheckResult {
    try withExtendedLifetime((self, trust)) {
      try checking(paths, options) { made, sources, given, message, bytes in
        tekmatch_check(
          made, handle, trust.handle, sources, sources.count, given, message,
          bytes)
      }
    }
  }
}

// What C calls back while a check runs, from any thread, one at a time.
private final class Callbacks {
  let options: CheckOptions
  init(_ options: CheckOptions) { self.options = options }

  static func of(_ context: UnsafeMutableRawPointer?) -> CheckOptions {
    Unmanaged<Callbacks>.fromOpaque(context!).takeUnretainedValue().options
  }
}

// What both checks have in common: options, files, callbacks.
private func checking(
  _ paths: [String], _ options: CheckOptions,
  _ call: (
    UnsafeMutablePointer<OpaquePointer?>, [TekmatchSource],
    UnsafePointer<TekmatchCheckOptions>, UnsafeMutablePointer<CChar>, Int
  ) -> TekmatchStatus
) throws -> CheckResult {
  var made: OpaquePointer?
  let callbacks = Callbacks(options)
  let texts = [
    options.policy, options.policyZone, options.config, options.zone,
  ]
  try withStrings(texts + paths) { strings in
    var given = TekmatchCheckOptions()
    given.struct_size = UInt32(MemoryLayout.size(ofValue: given))
    given.now = Int64(options.now.timeIntervalSince1970)
    given.flags = options.skipBadFiles ? 1 : 0  // TEKMATCH_SKIP_BAD_FILES
    given.policy = strings[0]
    given.policy_zone = strings[1]
    given.config = strings[2]
    given.zone = strings[3]
    given.num_threads = options.threads
    given.context = Unmanaged.passUnretained(callbacks).toOpaque()
    given.progress = { context, numFiles, numKeys in
      Callbacks.of(context).progress?(numFiles, numKeys)
    }
    given.cancelled = { context in
      Callbacks.of(context).isCancelled?() == true ? 1 : 0
    }
    let sources = strings.dropFirst(texts.count).map { name -> TekmatchSource in
      var source = TekmatchSource()
      source.name = name!
      return source
    }
    try withExtendedLifetime(callbacks) {
      try throwing { call(&made, sources, &given, $0, $1) }
    }
  }
  return CheckResult(made!)
}

public struct FileVerdict {
  public let name: String
  public let verdict: String
  public let reason: String
  public let isAccepted: Bool
}

public final class CheckResult {
  private let handle: OpaquePointer

  fileprivate init(_ handle: OpaquePointer) { self.handle = handle }
  deinit { tekmatch_result_destroy(handle) }

  public func counts() throws -> TekmatchCounts {
    var counts = TekmatchCounts()
    counts.struct_size = UInt32(MemoryLayout.size(ofValue: counts))
    try withExtendedLifetime(self) {
      try throwing { tekmatch_result_counts(&counts, handle, $0, $1) }
    }
    return counts
  }

  public func files() throws -> [FileVerdict] {
    try (0..<Int(counts().num_files)).map { position in
      var file = TekmatchFile()
      file.struct_size = UInt32(MemoryLayout.size(ofValue: file))
      return try withExtendedLifetime(self) {
        try throwing { tekmatch_result_file(&file, handle, position, $0, $1) }
        return FileVerdict(
          name: String(cString: file.name!),
          verdict: String(cString: file.verdict!),
          reason: String(cString: file.reason!), isAccepted: file.accepted != 0)
      }
    }
  }

  // To be asked before what follows. Throws DATA_LOSS where "no contact" would
  // rest on nothing.
  public func compared(badSightings: UInt64 = 0) throws {
    try withExtendedLifetime(self) {
      try throwing { tekmatch_result_compared(handle, badSightings, $0, $1) }
    }
  }

  public func days() throws -> [TekmatchDay] {
    try withExtendedLifetime(self) {
      try rows(TekmatchDay()) { tekmatch_result_days($0, $1, handle, $2, $3) }
    }
  }

  public func windows() throws -> [TekmatchWindow] {
    try withExtendedLifetime(self) {
      try rows(TekmatchWindow()) {
        tekmatch_result_windows($0, $1, handle, $2, $3)
      }
    }
  }
}
