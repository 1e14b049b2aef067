// Ledger's framing of commands in HID reports, the device's side: channel u16be ‖ 05 ‖ sequence u16be ‖ data, zeroes to the
// end; the first report's data begins with the length of the whole, u16be (@ledgerhq/devices, hid-framing).

export const reportLength = 64;
const tag = 0x05;
const head = 5;

/** A command and the channel that it came by. */
export interface Command {
  readonly channel: number;
  readonly apdu: Uint8Array;
}

/** Puts reports together to commands. A first report begins anew, whatever was there; any other that doesn't follow is dropped. */
export class Commands {
  #channel = 0;
  #sequence = 0;
  #length = 0;
  #data = Buffer.alloc(0);

  /** The command that this report completes. */
  push(report: Uint8Array): Command | undefined {
    const bytes = Buffer.from(report);
    if (bytes.length !== reportLength || bytes[2] !== tag) return undefined;
    const channel = bytes.readUInt16BE(0);
    const sequence = bytes.readUInt16BE(3);
    if (sequence === 0) {
      this.#channel = channel;
      this.#length = bytes.readUInt16BE(head);
      this.#data = bytes.subarray(head + 2);
    } else {
      if (channel !== this.#channel || sequence !== this.#sequence) return undefined;
      this.#data = Buffer.concat([this.#data, bytes.subarray(head)]);
    }
    this.#sequence = sequence + 1;
    if (this.#data.length < this.#length) return undefined;
    const apdu = new Uint8Array(this.#data.subarray(0, this.#length));
    // What follows without a beginning belongs to nothing.
    this.#sequence = -1;
    return { channel, apdu };
  }
}

/** The reports in which an answer, its status word included, goes to the host. */
export function reportsOf(channel: number, answer: Uint8Array): readonly Uint8Array[] {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(answer.length);
  const data = Buffer.concat([length, answer]);
  const room = reportLength - head;
  return Array.from({ length: Math.ceil(data.length / room) }, (_, sequence) => {
    const report = Buffer.alloc(reportLength);
    report.writeUInt16BE(channel, 0);
    report[2] = tag;
    report.writeUInt16BE(sequence, 3);
    data.copy(report, head, sequence * room, (sequence + 1) * room);
    return new Uint8Array(report);
  });
}
