import { hexToBytes } from '@noble/curves/utils.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BitcoinAccount, type Kind } from './bitcoin-account.ts';
import { clientOf, type Maps, mapsOf, policyOf, register, signAs } from './bitcoin-client.ts';
import { BitcoinHolder } from './bitcoin-holder.ts';
import { BitcoinPayment, type Coin, type Made, type Plan } from './bitcoin-payment.ts';

const elsewhere = hexToBytes('0014c0cebcd6c3d3ca8c75dc5ec62ebe55330ef910e2');
const foreign = hexToBytes('001400112233445566778899aabbccddeeff00112233');

const coin: Coin = { amount: 1_000_000n, change: false, index: 2 };
const paid: Made = { amount: 600_000n, script: elsewhere };
const kept: Made = { amount: 399_000n, own: { change: true, index: 5 } };
const plan: Plan = { coins: [coin], outputs: [paid, kept] };

let holder: BitcoinHolder;
let seen: string[];
beforeEach(() => {
  holder = new BitcoinHolder();
  seen = [];
});
afterEach(() => holder.device.close());

/** Signs, and gives the screens: each review from its first page to the one that approves. */
async function screens(payment: BitcoinPayment, maps: Uint8Array | Maps = payment.psbt): Promise<string[]> {
  await signAs(holder, maps, policyOf(payment.account), null, seen);
  return seen;
}

const by = (kind: Kind, what: Partial<Plan> = {}): BitcoinPayment =>
  new BitcoinPayment(new BitcoinAccount(kind), { ...plan, ...what });

/** Is refused: the answer, and that nothing was shown. */
async function refusal(
  payment: BitcoinPayment,
  change: (maps: Maps) => void = () => undefined,
): Promise<string | undefined> {
  const maps = mapsOf(payment.psbt);
  change(maps);
  await expect(screens(payment, maps)).rejects.toThrow();
  return holder.replies.at(-1);
}

const input = ({ inputMaps }: Maps): Map<string, Buffer> => inputMaps[0] ?? new Map();
const output = ({ outputMaps }: Maps): Map<string, Buffer> => outputMaps[0] ?? new Map();
const flip = (bytes: Buffer | undefined, at: number): Buffer =>
  Buffer.from((bytes ?? Buffer.alloc(0)).map((byte, i) => (i === at ? byte ^ 1 : byte)));

describe('what the app refuses without asking anyone', () => {
  afterEach(() => expect(seen).toEqual([]));

  it('a previous transaction that isn’t the one spent', async () => {
    const other = (maps: Maps) => void input(maps).set('00', flip(input(maps).get('00'), 0));
    expect(await refusal(by('wpkh'), other)).toBe('00046a80');
    expect(await refusal(by('pkh'), other)).toBe('00046a80');
    expect(await refusal(by('wpkh'), (maps) => void input(maps).set('00', Buffer.from('0200', 'hex')))).toBe(
      '00046a80',
    );
    expect(await refusal(by('wpkh'), (maps) => void input(maps).delete('0f'))).toBe('00046a80');
  });

  it('a witness UTXO that isn’t the previous transaction’s output', async () => {
    const change = (at: number) => (maps: Maps) => void input(maps).set('01', flip(input(maps).get('01'), at));
    expect(await refusal(by('wpkh'), change(0))).toBe('00056a80');
    expect(await refusal(by('wpkh'), change(12))).toBe('00056a80');
    expect(await refusal(by('wpkh'), (maps) => void input(maps).set('0f', Buffer.from('00000000', 'hex')))).toBe(
      '00056a80',
    );
    expect(await refusal(by('wpkh'), (maps) => void input(maps).set('0f', Buffer.from('07000000', 'hex')))).toBe(
      '00056a80',
    );
    expect(await refusal(by('wpkh'), (maps) => void input(maps).set('01', Buffer.from('0011', 'hex')))).toBe('6a80');
  });

  it('an input that doesn’t say what it spends, or not as its kind must', async () => {
    const without = (maps: Maps) => {
      input(maps).delete('00');
      input(maps).delete('01');
    };
    expect(await refusal(by('wpkh'), without)).toBe('00036a80');
    expect(await refusal(by('wpkh'), (maps) => void input(maps).delete('01'))).toBe('00076a80');
    const both = (maps: Maps) => {
      const script = Buffer.from(by('pkh').script(0));
      input(maps).set('01', Buffer.concat([Buffer.from('40420f0000000000', 'hex'), Buffer.of(script.length), script]));
    };
    expect(await refusal(by('pkh'), both)).toBe('00066a80');
  });

  it('inputs none of which is the account’s: no derivation, another’s, or one that doesn’t lead to the script', async () => {
    const derivation = (maps: Maps) => [...input(maps).keys()].find((key) => key.startsWith('06')) ?? '';
    expect(await refusal(by('wpkh'), (maps) => void input(maps).delete(derivation(maps)))).toBe('6a80');
    expect(await refusal(by('wpkh', { coins: [{ ...coin, foreign }] }))).toBe('6a80');
    for (const at of [0, 4, 16, 20]) {
      const key = (maps: Maps) => derivation(maps);
      expect(
        await refusal(by('wpkh'), (maps) => void input(maps).set(key(maps), flip(input(maps).get(key(maps)), at))),
      ).toBe('6a80');
    }
  });

  it('a derivation of an uncompressed key, or a malformed one', async () => {
    const value = Buffer.from('f5acc2fd540000800000008000000080000000000200000000'.slice(0, 48), 'hex');
    expect(await refusal(by('wpkh'), (maps) => void input(maps).set(`0604${'11'.repeat(64)}`, value))).toBe('6a80');
    expect(
      await refusal(by('wpkh'), (maps) => void input(maps).set(`0602${'11'.repeat(32)}`, Buffer.from('f5acc2', 'hex'))),
    ).toBe('6a80');
    expect(await refusal(by('wpkh'), (maps) => void output(maps).set(`0202${'11'.repeat(31)}`, value))).toBe('6a80');
  });

  it('outputs worth more than the inputs, or than all bitcoins', async () => {
    expect(await refusal(by('wpkh', { outputs: [{ ...paid, amount: 1_000_001n }] }))).toBe('6a80');
    expect(await refusal(by('wpkh', { outputs: [{ ...paid, amount: 2_100_000_000_000_001n }] }))).toBe('6a80');
    expect(await refusal(by('wpkh', { coins: [{ ...coin, amount: 2_100_000_000_000_001n }] }))).toBe('6a80');
    const rich = { coins: [0, 1].map((index) => ({ ...coin, index, amount: 2_100_000_000_000_000n })) };
    expect(await refusal(by('wpkh', { ...rich, outputs: [{ ...paid, amount: 2_100_000_000_000_001n }] }))).toBe('6a80');
  });

  it('sighashes that it doesn’t know, any but ALL before SegWit, SINGLE without an output', async () => {
    const typed = (sighashType: number) => ({ coins: [{ ...coin, sighashType }] });
    const set = (type: number) => (maps: Maps) => void input(maps).set('03', Buffer.of(type, 0, 0, 0));
    expect(await refusal(by('wpkh'), set(0))).toBe('6a82');
    expect(await refusal(by('wpkh'), set(0x41))).toBe('6a82');
    expect(await refusal(by('wpkh'), (maps) => void input(maps).set('03', Buffer.of(1, 1, 0, 0)))).toBe('6a82');
    expect(await refusal(by('wpkh'), (maps) => void input(maps).set('03', Buffer.of(1)))).toBe('6a80');
    expect(await refusal(by('pkh'), set(2))).toBe('6a82');
    const second = { coins: [coin, { ...coin, index: 3, sighashType: 3 }], outputs: [paid] };
    expect(await refusal(by('wpkh', second))).toBe('00086a82');
    await signAs(holder, by('wpkh', typed(1)).psbt, policyOf(new BitcoinAccount('wpkh')));
  });

  it('more than ten outputs of change', async () => {
    const change = (count: number) =>
      Array.from({ length: count }, (_, index): Made => ({ amount: 50_000n, own: { change: true, index } }));
    expect(await refusal(by('wpkh', { outputs: change(11) }))).toBe('00096a82');
    await signAs(holder, by('wpkh', { outputs: change(10) }).psbt, policyOf(new BitcoinAccount('wpkh')));
  });

  it('outputs whose script has no address, or is too long', async () => {
    const to = (script: Uint8Array): Partial<Plan> => ({ outputs: [{ amount: 1n, script }, kept] });
    expect(await refusal(by('wpkh', to(hexToBytes(`21${'02'.repeat(33)}ac`))))).toBe('6a82');
    expect(await refusal(by('wpkh', to(hexToBytes(`6a4c50${'00'.repeat(81)}`))))).toBe('6a80');
    expect(await refusal(by('wpkh'), (maps) => void output(maps).delete('04'))).toBe('6a80');
    expect(await refusal(by('wpkh'), (maps) => void output(maps).set('03', Buffer.alloc(7)))).toBe('6a80');
  });

  it('a PSBT without a version, or with a locktime that is none', async () => {
    expect(await refusal(by('wpkh'), ({ globalMap }) => void globalMap.delete('02'))).toBe('6a80');
    expect(await refusal(by('wpkh'), ({ globalMap }) => void globalMap.set('03', Buffer.alloc(3)))).toBe('6a80');
  });

  it('policies that aren’t registered, were registered elsewhere, or have a name that they mustn’t', async () => {
    const multi = new BitcoinAccount('wsh(sortedmulti)');
    const payment = new BitcoinPayment(multi, plan);
    await expect(signAs(holder, payment.psbt, policyOf(multi))).rejects.toThrow();
    expect(holder.replies.at(-1)).toBe('00006a80');
    await expect(signAs(holder, payment.psbt, policyOf(multi), Buffer.alloc(32, 1))).rejects.toThrow();
    expect(holder.replies.at(-1)).toBe('b008');
    const { template, keys } = new BitcoinAccount('wpkh');
    const named = policyOf({ isDefault: false, template, keys } as BitcoinAccount, 'Mine');
    await expect(signAs(holder, by('wpkh').psbt, named)).rejects.toThrow();
    expect(holder.replies.at(-1)).toBe('00016a80');
    await expect(signAs(holder, by('tr').psbt, policyOf(new BitcoinAccount('wpkh')))).rejects.toThrow();
    expect(holder.replies.at(-1)).toBe('6a80');
  });

  it('more inputs or outputs than it counts to', async () => {
    const command = (inputs: string, outputs: string) => {
      const data = `05${'00'.repeat(64)}${inputs}${'00'.repeat(32)}${outputs}${'00'.repeat(96)}`;
      return `e1040001${(data.length / 2).toString(16)}${data}`;
    };
    expect(await holder.send(command('fd0102', '01'))).toBe('6a82');
    expect(await holder.send(command('01', 'fd0102'))).toBe('6a82');
    expect(await holder.send('e104000103050000')).toBe('6a87');
  });
});

describe('what a person is told', () => {
  const warning = (text: string) => ['Security risk', `Security risk\n${text}`, 'Continue anyway'];
  const review = 'Review transaction\nto send bitcoin';
  const to = 'To\nbc1qcr8te4kr609gcaw\nutmrza0j4xv80jy8z30\n6fyu';

  it('change stays out of sight even at a far index; an own receive address doesn’t', async () => {
    const far = { amount: 399_000n, own: { change: true, index: 2 ** 31 - 1 } };
    expect(await screens(by('wpkh', { outputs: [paid, far] }))).toEqual([
      review,
      'Amount\n0.006 BTC',
      to,
      'Fees\n0.00001 BTC',
      'Sign transaction',
    ]);
    seen = [];
    const receive = { amount: 399_000n, own: { change: false, index: 5 } };
    expect(await screens(by('wpkh', { outputs: [paid, receive] }))).toContain('Amount\n0.00399 BTC');
  });

  it('an output that only says it is change is shown', async () => {
    const fake = { amount: 399_000n, own: { change: true, index: 5 }, script: foreign };
    const otherBranch = {
      amount: 1n,
      own: { change: false, index: 5 },
      script: new BitcoinAccount('wpkh').script(true, 5),
    };
    expect(await screens(by('wpkh', { outputs: [paid, otherBranch] }))).toContain('Amount\n0.00000001 BTC');
    seen = [];
    const shown = await screens(by('wpkh', { outputs: [paid, fake] }));
    expect(shown).toContain('Transaction output\n2 of 2');
    expect(shown).toContain('Amount\n0.00399 BTC');
  });

  it('data is shown in its place', async () => {
    const data = { amount: 0n, script: hexToBytes('6a0568656c6c6f') };
    expect(await screens(by('wpkh', { outputs: [data, kept, paid] }))).toEqual([
      review,
      'Transaction output\n1 of 2',
      'Amount\n0 BTC',
      'To\nOP_RETURN \n0x68656c6c6f',
      'Transaction output\n2 of 2',
      'Amount\n0.006 BTC',
      to,
      'Fees\n0.00001 BTC',
      'Sign transaction',
    ]);
  });

  it('fees of a tenth of the inputs are high, unless it is all very little', async () => {
    const high = 'High fees warning\nFees are above 10%\n of total amount';
    const fee = async (amount: bigint, of: bigint) => {
      seen = [];
      const coins = [{ ...coin, amount: of }];
      return screens(by('wpkh', { coins, outputs: [{ amount: of - amount, script: elsewhere }] }));
    };
    expect(await fee(100_000n, 1_000_000n)).toContain(high);
    expect(await fee(99_999n, 1_000_000n)).not.toContain(high);
    expect(await fee(50_000n, 100_001n)).toContain(high);
    expect(await fee(50_000n, 100_000n)).not.toContain(high);
  });

  it('each risk, before all else: open sighash, others’ inputs, amounts that nothing proves', async () => {
    const risky = {
      coins: [
        { ...coin, sighashType: 0x81, unverified: true },
        { ...coin, index: 3, foreign },
      ],
      outputs: [paid],
    };
    expect((await screens(by('wpkh', risky))).slice(0, 10)).toEqual([
      ...warning('Non-default sighash'),
      ...warning('There are external \ninputs\nReject if not sure'),
      ...warning('Unverified inputs\nUpdate your wallet \nsoftware'),
      review,
    ]);
  });

  it('no risk in SIGHASH_ALL, nor in a taproot input without its previous transaction', async () => {
    const explicit = await screens(by('wpkh', { coins: [{ ...coin, sighashType: 1 }] }));
    expect(explicit[0]).toBe(review);
    seen = [];
    expect((await screens(by('tr', { coins: [{ ...coin, sighashType: 1 }] })))[0]).toBe(review);
  });

  it('a registered account by its name', async () => {
    const account = new BitcoinAccount('wsh(sortedmulti)');
    const policy = policyOf(account, 'Cold storage');
    const hmac = await register(holder, policy);
    await signAs(holder, new BitcoinPayment(account, plan).psbt, policy, hmac, seen);
    expect(seen.slice(0, 3)).toEqual([review, 'From\nCold storage', 'Amount\n0.006 BTC']);
  });
});

describe('more payments than the app keeps in mind', () => {
  const address = 'Address\nbc1qcr8te4kr609gcaw\nutmrza0j4xv80jy8z30\n6fyu';
  const many = (count: number) =>
    Array.from({ length: count }, (_, i): Made => ({ ...paid, amount: 1001n + 10n * BigInt(i) }));
  const parts = (count: number) =>
    many(count).flatMap(({ amount }, i) => [
      `Transaction output\n${i + 1} of ${count}`,
      `Amount\n0.0000${amount} BTC`,
      address,
    ]);

  it.each([
    ['nanosp', 16],
    ['nanox', 8],
  ])('are reviewed one after the other, and asked for again: %s', async (model, kept) => {
    holder = new BitcoinHolder('Bitcoin', model);
    const coins = [{ ...coin, amount: 50_000n }];
    const few = await screens(by('wpkh', { coins, outputs: many(kept) }));
    expect(few.filter((screen) => screen.startsWith('To\n'))).toHaveLength(kept);
    await holder.press('both');
    seen = [];
    const count = kept + 2;
    expect(await screens(by('wpkh', { coins: [{ ...coin, amount: 110_000n }], outputs: many(count) }))).toEqual([
      'Review transaction\nto send bitcoin',
      ...parts(count),
      'High fees warning\nFees are above 10%\n of total amount',
      expect.stringMatching(/^Fees/),
      'Sign transaction',
    ]);
    expect(holder.screen).toBe('Transaction signed');
  });

  it('left walks back to the part’s first page only; a registered account’s name stands for the title', async () => {
    const account = new BitcoinAccount('wsh(sortedmulti)');
    const policy = policyOf(account, 'Cold storage');
    const hmac = await register(holder, policy);
    const payment = new BitcoinPayment(account, { coins: [coin], outputs: many(17) });
    const signing = clientOf(holder).signPsbt(Buffer.from(payment.psbt), policy, hmac);
    while (!holder.screen.startsWith('From')) await new Promise((resolve) => setImmediate(resolve));
    expect(holder.screen).toBe('From\nCold storage');
    await holder.press('left');
    expect(holder.screen).toBe('From\nCold storage');
    await holder.press('right');
    await holder.press('both');
    await holder.press('left');
    expect(holder.screen).toBe('Transaction output\n1 of 17');
    const outcome = expect(signing).rejects.toMatchObject({ statusCode: 0x6985 });
    const walkTo = async (page: string) => {
      while (holder.screen !== page) await holder.press('right');
      return holder.replies.length;
    };
    const before = await walkTo('Transaction output\n16 of 17');
    expect(await walkTo('Transaction output\n17 of 17'), 'it is asked for again').toBeGreaterThan(before);
    await holder.select('Reject transaction');
    await outcome;
    expect(holder.screen).toBe('Transaction rejected');
  });

  it('one whose script has no address is refused in its turn', async () => {
    const outputs = [...many(16), { amount: 1n, script: hexToBytes(`21${'02'.repeat(33)}ac`) }];
    await expect(screens(by('wpkh', { outputs }))).rejects.toThrow();
    expect(holder.replies.at(-1)).toBe('6a82');
  });
});

describe('a refusal is the end', () => {
  const refuseAt = async (payment: BitcoinPayment, page: string) => {
    const signing = clientOf(holder).signPsbt(Buffer.from(payment.psbt), policyOf(payment.account), null);
    const outcome = expect(signing).rejects.toMatchObject({ statusCode: 0x6985 });
    while (!/^(Review|Security)/.test(holder.screen)) await new Promise((resolve) => setImmediate(resolve));
    await holder.select(page);
    await outcome;
    expect(holder.screen).toBe('Transaction rejected');
    await holder.press('both');
    expect(holder.screen).toBe('Bitcoin\napp is ready');
  };

  it('of the review', () => refuseAt(by('wpkh'), 'Reject transaction'));
  it('of a risk', () => refuseAt(by('wpkh', { coins: [{ ...coin, unverified: true }] }), 'Back to safety'));
});

describe('what is wrong is found at the latest when it is signed', () => {
  const afterApproval = async (payment: BitcoinPayment, policy: object, hmac: Buffer | null, field: string) => {
    const maps = mapsOf(payment.psbt);
    input(maps).set(field, Buffer.from('51', 'hex'));
    await expect(signAs(holder, maps, policy, hmac, seen)).rejects.toThrow();
    expect(seen.at(-1)).toBe('Sign transaction');
    expect(holder.screen).toBe('Transaction rejected');
    return holder.replies.at(-1);
  };

  it('a witness script or a redeem script that isn’t the output’s', async () => {
    const account = new BitcoinAccount('wsh(sortedmulti)');
    const policy = policyOf(account);
    const hmac = await register(holder, policy);
    expect(await afterApproval(new BitcoinPayment(account, plan), policy, hmac, '05')).toBe('000a6a80');
    const nested = by('sh(wpkh)');
    expect(await afterApproval(nested, policyOf(nested.account), null, '04')).toBe('000b6a80');
  });
});

describe('faults while the Bitcoin app signs', () => {
  const payment = by('wpkh');
  const policy = policyOf(payment.account);

  it.each(['wpkh', 'tr'] as const)(
    'wrong-signature: well-formed, the wallet’s key beside it, and not its signature (%s)',
    async (kind) => {
      const one = by(kind);
      holder.device.break({ kind: 'wrong-signature' });
      const [[i, signature] = [0, undefined]] = await signAs(holder, one.psbt, policyOf(one.account));
      if (signature === undefined) throw new Error('no signature');
      expect(signature.signature.length).toBeGreaterThanOrEqual(64);
      expect(one.verifies(i, signature)).toBe(false);
    },
  );

  it('corrupt: half a signature, or none', async () => {
    holder.device.break({ kind: 'corrupt', form: 'short' });
    const short = await signAs(holder, payment.psbt, policy);
    expect(short[0]?.[1].signature).toHaveLength(64);
    holder.device.break({ kind: 'corrupt', form: 'bare' });
    await holder.press('both');
    const bare = await signAs(holder, payment.psbt, policy);
    expect(bare[0]?.[1].signature).toHaveLength(0);
  });

  it.each(['review', 'signature'] as const)(
    'unplug at the %s: nothing is answered, and nothing signed afterwards',
    async (at) => {
      holder.device.break({ kind: 'unplug', moment: { at } });
      await expect(signAs(holder, payment.psbt, policy)).rejects.toThrow('unplugged');
      expect(holder.unplugged).toBe(1);
      holder.device.break({ kind: 'plug' });
      holder.device.mend();
      expect(holder.screen).toBe('Bitcoin\napp is ready');
      await signAs(holder, payment.psbt, policy);
    },
  );

  it('refuse: 6985 without anyone at the buttons', async () => {
    holder.device.break({ kind: 'refuse' });
    await expect(signAs(holder, payment.psbt, policy)).rejects.toMatchObject({ statusCode: 0x6985 });
  });

  it('hang at the review: it is shown, approved, and never answered', async () => {
    holder.device.break({ kind: 'hang', moment: { at: 'review' } });
    let over = false;
    void clientOf(holder)
      .signPsbt(Buffer.from(payment.psbt), policy, null)
      .finally(() => {
        over = true;
      });
    while (!holder.screen.startsWith('Review')) await new Promise((resolve) => setImmediate(resolve));
    const before = holder.replies.length;
    await holder.select('Sign transaction');
    expect([holder.replies.length, over]).toEqual([before, false]);
  });
});
