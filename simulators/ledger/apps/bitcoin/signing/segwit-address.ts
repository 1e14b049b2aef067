const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** What the checksum of BIP-173 (version 0) and of BIP-350 (later ones) comes to. */
const bech32 = 1;
const bech32m = 0x2bc830a3;

/** The address of a witness program: BIP-173, from version 1 on BIP-350. */
export function segwitAddress(prefix: string, version: number, program: Uint8Array): string {
  const values = [version, ...fiveBits(program)];
  const constant = version === 0 ? bech32 : bech32m;
  const sum = checksum([...expand(prefix), ...values, 0, 0, 0, 0, 0, 0]) ^ constant;
  const check = Array.from({ length: 6 }, (_, i) => (sum >>> (5 * (5 - i))) & 31);
  return `${prefix}1${[...values, ...check].map((value) => letters.charAt(value)).join('')}`;
}

/** The prefix as the checksum covers it. */
const expand = (prefix: string): number[] => {
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
};

function checksum(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [i, generator] of generators.entries()) if (((top >>> i) & 1) === 1) sum ^= generator;
  }
  return sum;
}

/** Bytes in groups of five bits, the last one padded with zeros. */
function fiveBits(bytes: Uint8Array): number[] {
  const groups: number[] = [];
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) groups.push((value >> (bits - 5)) & 31);
  }
  if (bits > 0) groups.push((value << (5 - bits)) & 31);
  return groups;
}
