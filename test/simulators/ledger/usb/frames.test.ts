import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Commands, reportsOf } from '../../../../simulators/ledger/usb/frames.ts';

const require = createRequire(createRequire(import.meta.url).resolve('@ledgerhq/hw-transport-node-hid'));

/** Ledger's own framing, the host's side. */
const {
  default: framing,
}: {
  default: (
    channel: number,
    size: number,
  ) => {
    makeBlocks(apdu: Buffer): Uint8Array[];
    reduceResponse(accumulated: unknown, report: Buffer): unknown;
    getReducedResult(accumulated: unknown): Buffer | undefined;
  };
} = require('@ledgerhq/hw-transport-node-hid-noevents/lib/hid-framing');

const channels = fc.integer({ min: 0, max: 0xffff });
const apdus = fc.uint8Array({ minLength: 5, maxLength: 600 });

describe('a Ledger’s side of HID framing', () => {
  it('understands what Ledger’s client sends', () => {
    fc.assert(
      fc.property(channels, apdus, (channel, apdu) => {
        const commands = new Commands();
        const heard = framing(channel, 64)
          .makeBlocks(Buffer.from(apdu))
          .map((report) => commands.push(report));
        expect(heard.at(-1)).toEqual({ channel, apdu });
        expect(heard.slice(0, -1).every((one) => one === undefined)).toBe(true);
      }),
    );
  });

  it('answers what Ledger’s client understands', () => {
    fc.assert(
      fc.property(channels, fc.uint8Array({ minLength: 2, maxLength: 600 }), (channel, answer) => {
        const host = framing(channel, 64);
        let heard: unknown;
        for (const report of reportsOf(channel, answer)) {
          expect(report).toHaveLength(64);
          heard = host.reduceResponse(heard, Buffer.from(report));
        }
        expect(host.getReducedResult(heard)).toEqual(Buffer.from(answer));
      }),
    );
  });

  const [first = new Uint8Array(64), second = new Uint8Array(64)] = framing(7, 64).makeBlocks(Buffer.alloc(80, 1));
  const [other = new Uint8Array(64)] = framing(8, 64).makeBlocks(Buffer.from('b001000000', 'hex'));

  it('begins anew at a first report, whoever sends it', () => {
    const commands = new Commands();
    expect(commands.push(first)).toBeUndefined();
    expect(commands.push(other)).toMatchObject({ channel: 8, apdu: { length: 5 } });
    expect(commands.push(second)).toBeUndefined();
  });

  it('drops a report that follows nothing, is of another channel or tag, or short', () => {
    const commands = new Commands();
    expect(commands.push(second)).toBeUndefined();
    commands.push(first);
    const changed = (at: number) => second.map((byte, i) => (i === at ? byte ^ 1 : byte));
    for (const report of [changed(1), changed(2), changed(3), second.slice(0, 63)]) {
      expect(commands.push(report)).toBeUndefined();
    }
    expect(commands.push(second)).toMatchObject({ channel: 7, apdu: { length: 80 } });
    expect(commands.push(second)).toBeUndefined();
  });
});
