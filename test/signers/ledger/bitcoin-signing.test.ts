import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembleSigned, checkPart } from '../../../src/chains/bitcoin/index.ts';
import { type DerivedScriptWallet, Malformed, parseSignatures } from '../../../src/domain/index.ts';
import type { Outcome } from '../../../src/signers/signer.ts';
import { type Permit, takeMint } from '../../../src/store/permit.ts';
import { mainnet, regtest, seeds, testnet4, walletOf } from '../../chains/bitcoin/wallets.ts';
import {
  approve,
  backOff,
  deadlines,
  type Held,
  hold,
  misstated,
  permitFor,
  poll,
  refuse,
  several,
  single,
} from './emulated.ts';

const mint = takeMint();
const permit = (...args: Parameters<typeof permitFor>): Permit => mint(permitFor(...args));

let held: Held[] = [];
const take = async (...args: Parameters<typeof hold>): Promise<Held> => {
  const one = await hold(...args);
  held.push(one);
  return one;
};
afterEach(async () => {
  await Promise.all(held.map((one) => one.close()));
  held = [];
});

function signatureIn(outcome: Outcome): Uint8Array {
  if (outcome.kind !== 'signed') throw new Error(`${outcome.kind}: ${outcome.message}`);
  return outcome.signature;
}

describe('a Ledger with Bitcoin’s test app', () => {
  it('signs for each script of one key what a person approves, and it is right (I7)', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    for (const script of ['pkh', 'sh-wpkh', 'wpkh', 'tr'] as const) {
      const wallet = single(script);
      expect(await signer.check(wallet), script).toEqual({ ready: true, device: 'Ledger, Bitcoin Test 2.4.6' });
      const asked = permit(wallet);
      const signing = signer.sign(asked);
      await approve(operator);
      const signature = signatureIn(await signing);
      expect(
        parseSignatures(signature, 'part').map(({ input }) => input),
        script,
      ).toEqual([0, 1]);
      const part = { signer: 'device-1', signature };
      expect(assembleSigned(asked, [part], wallet), script).toMatchObject({ ok: true });
    }
  });

  it('signs for a wallet of several keys that it knows; a second device completes it', async () => {
    const parts = [];
    for (const [name, seed] of [
      ['device-1', 'abandon'],
      ['device-3', 'zoo'],
    ] as const) {
      const { signer, operator } = await take(name, seed);
      const registering = signer.register(several);
      await operator.sees('Review account\nto register');
      await operator.select(/^Register account/);
      const registered = await registering;
      if (registered.kind !== 'registered') throw new Error(registered.message);
      const signing = signer.sign(permit(several, name, registered.hmac));
      await approve(operator);
      const part = { signer: name, signature: signatureIn(await signing) };
      expect(checkPart(permitFor(several), several, part)).toMatchObject({ ok: true });
      parts.push(part);
    }
    expect(assembleSigned(permitFor(several), parts, several)).toMatchObject({ ok: true });
    expect(assembleSigned(permitFor(several), parts.slice(1), several)).toMatchObject({ ok: false });
  });

  it('signs on regtest, by the same app', async () => {
    const wallet = walletOf({ script: 'wpkh', chain: regtest, seeds: [seeds.glory] });
    const { signer, operator } = await take('device-1', 'glory');
    const asked = permit(wallet);
    const signing = signer.sign(asked);
    await approve(operator);
    const part = { signer: 'device-1', signature: signatureIn(await signing) };
    expect(assembleSigned(asked, [part], wallet)).toMatchObject({ ok: true });
  });
});

describe('S6, F3: another device is asked for nothing', () => {
  const cases: readonly [string, Parameters<typeof hold>, DerivedScriptWallet, string][] = [
    ['one with another seed', ['device-1', 'zoo'], single('wpkh'), 'device-foreign'],
    ['one with the main chain’s app open', ['device-1', 'glory', 'bitcoin'], single('wpkh'), 'device-wrong-app'],
    ['one with Ethereum’s app open', ['device-1', 'glory', 'ethereum'], single('tr'), 'device-wrong-app'],
    [
      'one whose fingerprint is right, and whose key is another account’s',
      ['device-1', 'glory'],
      { ...single('wpkh'), keys: single('wpkh', 1).keys.map((key) => ({ ...key, path: "m/84'/1'/0'" })) },
      'device-foreign',
    ],
    [
      'one whose key is right, under another fingerprint',
      ['device-1', 'glory'],
      { ...single('wpkh'), keys: single('wpkh').keys.map((key) => ({ ...key, fingerprint: '00000000' })) },
      'device-foreign',
    ],
    ['one of the wallet’s others', ['device-1', 'glory'], several, 'device-foreign'],
  ];
  it.each(cases)('%s', async (_, args, wallet, reason) => {
    const { signer, operator } = await take(...args);
    expect(await signer.check(wallet)).toMatchObject({ ready: false, reason });
    const outcome = await signer.sign(mint({ ...permitFor(single('wpkh')), wallet, registration: new Uint8Array(32) }));
    expect(outcome).toMatchObject({ kind: 'uncertain', reason, message: expect.stringContaining('nothing was sent') });
    expect(await operator.screen()).not.toMatch(/^Review/);
  });
});

describe('what no checked configuration lets happen is refused before a device is asked', () => {
  let device: Held;
  beforeEach(async () => {
    device = await take('device-1', 'glory');
  });

  it('a key that the app gives out only after a person was asked', async () => {
    for (const path of ["m/84'/1'/101'", "m/84'/0'/0'", "m/86'/1'/0'", "m/84'/1'/0'/0", "m/48'/1'/0'/2'"]) {
      const wallet = walletOf({ script: 'wpkh', chain: testnet4, seeds: [seeds.glory], path });
      expect(() => device.signer.check(wallet), path).toThrow(Malformed);
      await expect(device.signer.sign(mint({ ...permitFor(single('wpkh')), wallet })), path).rejects.toThrow(Malformed);
    }
  });

  it('a wallet on the main chain, on an emulated device', async () => {
    const wallet = walletOf({ script: 'wpkh', chain: mainnet, seeds: [seeds.glory] });
    expect(() => device.signer.check(wallet)).toThrow('test networks only');
    await expect(device.signer.sign(mint({ ...permitFor(single('wpkh')), wallet }))).rejects.toThrow(
      'test networks only',
    );
  });

  it('a wallet without a key of this signer’s, or with two', async () => {
    expect(() => device.signer.check({ ...several, keys: several.keys.slice(1) })).toThrow('no key on device-1');
    const twice = { ...several, keys: several.keys.map((key) => ({ ...key, signer: 'device-1' })) };
    expect(() => device.signer.check(twice)).toThrow('two keys on device-1');
  });

  it('a permit for another signer; one without a PSBT', async () => {
    await expect(device.signer.sign(permit(several, 'device-2', new Uint8Array(32)))).rejects.toThrow('device-2');
    const bare = mint({ ...permitFor(single('wpkh')), psbt: null });
    await expect(device.signer.sign(bare)).rejects.toThrow('no PSBT');
  });

  it('a PSBT larger than any request’s, and a wallet that isn’t registered: declined, for nothing was sent', async () => {
    const large = mint({ ...permitFor(single('wpkh')), psbt: new Uint8Array(4 * 1024 * 1024 + 1) });
    expect(await device.signer.sign(large)).toMatchObject({ kind: 'declined', reason: 'device-cannot-show' });
    expect(await device.signer.sign(permit(several))).toMatchObject({
      kind: 'declined',
      reason: 'device-cannot-show',
      message: 'device-1 has no registration of wallet cold: register it there',
    });
  });
});

describe('F3: a review that ends otherwise', () => {
  const wallet = single('wpkh');

  it('by a person’s refusal: declined', async () => {
    const { signer, operator, timers } = await take('device-1', 'glory');
    const signing = signer.sign(permit(wallet));
    await refuse(operator);
    expect(await signing).toMatchObject({ kind: 'declined', reason: 'device-refused' });
    expect(timers.set).toEqual([]);
  });

  it('by a registration that isn’t this device’s: declined, nobody was asked', async () => {
    const { signer, operator } = await take('device-1', 'abandon');
    const outcome = await signer.sign(permit(several, 'device-1', new Uint8Array(32).fill(7)));
    expect(outcome).toMatchObject({
      kind: 'declined',
      reason: 'device-cannot-show',
      message: expect.stringContaining('b008'),
    });
    expect(await operator.screen()).not.toMatch(/^Review/);
  });

  it('by what it can’t show: declined, nobody was asked', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    const outcome = await signer.sign(mint({ ...permitFor(wallet), psbt: misstated(wallet) }));
    expect(outcome).toMatchObject({
      kind: 'declined',
      reason: 'device-cannot-show',
      message: expect.stringContaining('6a80'),
    });
    expect(await operator.screen()).not.toMatch(/^Review/);
  });

  it('S6: by a PSBT of another account, which the library would have signed: declined, nothing was sent', async () => {
    const { signer, operator } = await take('device-1', 'glory');
    for (const other of [single('wpkh', 1), single('tr')]) {
      const { psbt } = permitFor(other);
      const outcome = await signer.sign(mint({ ...permitFor(wallet), psbt }));
      expect(outcome).toMatchObject({ kind: 'declined', reason: 'device-cannot-show' });
      expect(await operator.screen()).not.toMatch(/^Review/);
    }
  });

  it.each(['review', 'signature'])('unplugged at the %s: uncertain, and signed when it is back', async (at) => {
    const { signer, operator, timers } = await take('device-1', 'glory');
    await operator.fault({ kind: 'unplug', at });
    const signing = signer.sign(permit(wallet));
    if (at === 'signature') await approve(operator);
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'device-lost' });
    const back = new Promise<void>((resolve) => void signer.onChange(resolve));
    await operator.fault({ kind: 'plug' });
    await timers.goOff(poll);
    await back;
    await operator.mend();
    const again = signer.sign(permit(wallet));
    await approve(operator);
    expect(await again).toMatchObject({ kind: 'signed' });
  });

  it('left alone: uncertain at the deadline; then the device is busy until someone decides', async () => {
    const { signer, operator, timers } = await take('device-1', 'glory');
    const signing = signer.sign(permit(wallet));
    await operator.sees('Review transaction\nto send bitcoin');
    await timers.goOff(deadlines.sign);
    expect(await signing).toMatchObject({ kind: 'uncertain', reason: 'device-timeout' });
    const back = new Promise<void>((resolve) => void signer.onChange(resolve));
    await timers.goOff(backOff);
    await back;
    expect(await signer.check(wallet)).toMatchObject({ ready: false, reason: 'device-busy' });
    await operator.select(/^Reject transaction/);
    expect(await signer.check(wallet)).toMatchObject({ ready: true });
  });

  it.each(['wrong-signature', 'high-s'])(
    'S7: a signature that isn’t right (%s) passes, for I7 to judge',
    async (kind) => {
      const { signer, operator } = await take('device-1', 'glory');
      await operator.fault({ kind });
      const asked = permit(wallet);
      const signing = signer.sign(asked);
      await approve(operator);
      const part = { signer: 'device-1', signature: signatureIn(await signing) };
      expect(checkPart(asked, wallet, part)).toMatchObject({ ok: false });
    },
  );
});
