// Reads fields of 64-bit little-endian ELF files; see elf(5).
const PROGRAM_HEADERS_AT = 32;
const SECTION_HEADERS_AT = 40;
const PROGRAM_HEADER_SIZE_AT = 54;
const PROGRAM_HEADER_COUNT_AT = 56;
const SECTION_HEADER_COUNT_AT = 60;
const SECTION_NAMES_AT = 62;
const HEADER_SIZE = 64;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

interface Segment {
  readonly type: number;
  readonly offset: number;
  /** In memory. */
  readonly address: number;
  /** In the file. */
  readonly size: number;
}

function segmentsOf(elf: Buffer): readonly Segment[] {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf.readUInt8(4) !== 2 || elf.readUInt8(5) !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  const start = Number(elf.readBigUInt64LE(PROGRAM_HEADERS_AT));
  const size = elf.readUInt16LE(PROGRAM_HEADER_SIZE_AT);
  return Array.from({ length: elf.readUInt16LE(PROGRAM_HEADER_COUNT_AT) }, (_, index) => {
    const at = start + index * size;
    return {
      type: elf.readUInt32LE(at),
      offset: Number(elf.readBigUInt64LE(at + 8)),
      address: Number(elf.readBigUInt64LE(at + 16)),
      size: Number(elf.readBigUInt64LE(at + 32)),
    };
  });
}

/** The path of the dynamic loader that a program names. Throws if it names none. */
export function loaderOf(elf: Buffer): string {
  const segment = segmentsOf(elf).find(({ type }) => type === PT_INTERP);
  if (segment === undefined) throw new Error('the program names no dynamic loader');
  return elf.toString('latin1', segment.offset, segment.offset + segment.size - 1);
}

/** The shared libraries that a program or library names directly. */
export function neededBy(elf: Buffer): readonly string[] {
  const segments = segmentsOf(elf);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const entries = Array.from({ length: dynamic.size / 16 }, (_, index) => {
    const at = dynamic.offset + index * 16;
    return { tag: Number(elf.readBigUInt64LE(at)), value: Number(elf.readBigUInt64LE(at + 8)) };
  });
  const names = entries.find(({ tag }) => tag === DT_STRTAB)?.value ?? 0;
  const isThere = ({ type, address, size }: Segment) => type === PT_LOAD && address <= names && names < address + size;
  const { offset, address } = segments.find(isThere) ?? { offset: 0, address: 0 };
  return entries.flatMap(({ tag, value }) => {
    if (tag !== DT_NEEDED) return [];
    const start = names - address + offset + value;
    return [elf.toString('latin1', start, elf.indexOf(0, start))];
  });
}

/**
 * A copy without the parts that only debuggers and linkers read: symbols, debug information, and the section table. The parts
 * that are loaded to run the program come before them in the file, and the program headers describe them.
 */
export function withoutSymbols(elf: Buffer): Buffer {
  const end = Math.max(HEADER_SIZE, ...segmentsOf(elf).map(({ offset, size }) => offset + size));
  const copy = Buffer.from(elf.subarray(0, end));
  copy.writeBigUInt64LE(0n, SECTION_HEADERS_AT);
  copy.writeUInt16LE(0, SECTION_HEADER_COUNT_AT);
  copy.writeUInt16LE(0, SECTION_NAMES_AT);
  return copy;
}
