/** The numbers of the RDB format: versions, opcodes, value types, string encodings. */

/** What is written by default: the newest version that a Redis 7.0 server loads. */
export const DEFAULT_RDB_VERSION = 10;
/** The newest version that is read: Redis 7.4. */
export const NEWEST_RDB_VERSION = 12;
/** From this version on a file ends with a checksum. */
export const FIRST_VERSION_WITH_CHECKSUM = 5;

export type WritableRdbVersion = 10 | 11;

export const enum Opcode {
  SlotInfo = 0xf4,
  Function = 0xf5,
  FunctionPreRelease = 0xf6,
  ModuleAux = 0xf7,
  Idle = 0xf8,
  Frequency = 0xf9,
  Aux = 0xfa,
  ResizeDatabase = 0xfb,
  ExpiryMs = 0xfc,
  ExpirySeconds = 0xfd,
  SelectDatabase = 0xfe,
  End = 0xff,
}

export const enum ValueTypeCode {
  String = 0,
  List = 1,
  Set = 2,
  SortedSet = 3,
  Hash = 4,
  SortedSet2 = 5,
  ModulePreRelease = 6,
  Module = 7,
  HashZipmap = 9,
  ListZiplist = 10,
  SetIntset = 11,
  SortedSetZiplist = 12,
  HashZiplist = 13,
  ListQuicklist = 14,
  Stream = 15,
  HashListpack = 16,
  SortedSetListpack = 17,
  ListQuicklist2 = 18,
  Stream2 = 19,
  SetListpack = 20,
  Stream3 = 21,
  HashMetadataPreRelease = 22,
  HashListpackExPreRelease = 23,
  HashMetadata = 24,
  HashListpackEx = 25,
}

/** First byte of a string that is not stored as length and bytes. */
export const enum StringEncoding {
  Int8 = 0xc0,
  Int16 = 0xc1,
  Int32 = 0xc2,
  Compressed = 0xc3,
}

/** How an element of a quicklist node is stored. */
export const enum ListContainer {
  Plain = 1,
  Packed = 2,
}

/** Flags of an entry in a stream node. */
export const enum StreamEntryFlag {
  Deleted = 1,
  SameFields = 2,
}
