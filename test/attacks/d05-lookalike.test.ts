import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checksummed } from '../../src/chains/ethereum/address.ts';
import { canonicalAddress } from '../../src/chains/ethereum/index.ts';
import { type Address, parseEntryId } from '../../src/domain/index.ts';
import { alicesAddress, type Customer, chain, mallorysAddress, TestStation } from '../custody/station.ts';
import { bytesOf } from './bytes.ts';

describe('D5: an address that looks like a listed one', () => {
  let station: TestStation;
  let alice: Customer;
  beforeEach(async () => {
    station = await TestStation.open();
    alice = await station.ripeCustomer('alice');
  });
  afterEach(() => station.close());

  const plain = alicesAddress.slice(-40).toLowerCase();
  const twin = `${chain}:${checksummed(bytesOf(`${plain.slice(0, 4)}${'1'.repeat(32)}${plain.slice(-4)}`))}` as Address;
  const prepare = (destination: Address) =>
    station.custody.destinations.prepare({
      entry: parseEntryId('entry-2', 'entry'),
      account: alice.account,
      destination,
      label: '',
      lifetime: undefined,
    });

  it('D5: registering it warns the client, and the notice warns the customer', async () => {
    expect(canonicalAddress(twin, 'twin')).toBe(twin);
    expect((await prepare(twin)).warnings).toEqual([expect.stringContaining(alicesAddress)]);
    await alice.list('entry-2', twin);
    const [notice] = station.custody.notices.waiting(-1, 10).filter((n) => n.subject === 'entry-2');
    expect(notice?.text).toContain(`it looks like ${alicesAddress}`);
  });

  it('D5: a notice names three of them at most, and none that left the list', async () => {
    const like = (digit: string) =>
      `${chain}:${checksummed(bytesOf(`${plain.slice(0, 4)}${digit.repeat(32)}${plain.slice(-4)}`))}` as Address;
    for (const digit of ['2', '3', '4']) await alice.list(`entry-like-${digit}`, like(digit));
    await alice.list('entry-gone', like('5'));
    await station.custody.destinations.remove(parseEntryId('entry-gone', 'entry'));
    const { warnings } = await prepare(twin);
    expect(warnings).toHaveLength(4);
    expect(warnings.join()).not.toContain(like('5'));
    await alice.list('entry-2', twin);
    const [notice] = station.custody.notices.waiting(-1, 20).filter((n) => n.subject === 'entry-2');
    expect(notice?.text.match(/eip155:31337:/g)).toHaveLength(4);
  });

  it('D5: an address that looks like none is listed without a warning', async () => {
    expect((await prepare(mallorysAddress)).warnings).toEqual([]);
    await alice.list('entry-2', mallorysAddress);
    const [notice] = station.custody.notices.waiting(-1, 10).filter((n) => n.subject === 'entry-2');
    expect(notice?.text).not.toContain('looks like');
  });
});
