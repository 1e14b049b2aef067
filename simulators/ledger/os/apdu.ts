/** A command from the host (ISO 7816-4, short form): CLA INS P1 P2 [Lc data]. */
export interface Apdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Uint8Array;
}

/** Undefined where the length byte and the bytes disagree. Four bytes without Lc are a command without data. */
export function parseApdu(bytes: Uint8Array): Apdu | undefined {
  const [cla, ins, p1, p2, lc = 0] = bytes;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return undefined;
  const data = bytes.subarray(5);
  return data.length === lc ? { cla, ins, p1, p2, data } : undefined;
}
