import { Psbt } from 'bitcoinjs-lib/src/psbt';
import { publicKeyAt } from '../src/chains/bitcoin/derive.ts';
import { decodeUnsigned } from '../src/chains/bitcoin/index.ts';
import { readPsbt } from '../src/chains/bitcoin/psbt.ts';
import type { WithdrawalId } from '../src/domain/index.ts';
import type { TransactionCase } from '../src/gate/cases.ts';
import { decideTransaction } from '../src/gate/decide.ts';
import { psbtOf, recipients } from '../test/chains/bitcoin/requests.ts';
import { regtest, walletOf } from '../test/chains/bitcoin/wallets.ts';
import { bitcoin, payees, withBitcoin } from '../test/custody/bitcoin-station.ts';
import { listed, paid, policyOf, transactionCase, withdrawalIntent } from '../test/gate/hand-made.ts';
import type { Effort } from './effort.ts';
import { type Measurement, measurement } from './measurement.ts';

/** Inputs and outputs, the last of which is change. */
const shapes = [
  { name: '2in_2out', inputs: 2, outputs: 2 },
  { name: '20in_2out', inputs: 20, outputs: 2 },
  { name: '20in_50out', inputs: 20, outputs: 50 },
  { name: '20in_200out', inputs: 20, outputs: 200 },
] as const;
type Shape = (typeof shapes)[number]['name'];

const steps = ['bitcoinjs', 'parse', 'decode', 'gate'] as const;
type Step = (typeof steps)[number];

/**
 * The part `bitcoin`: reading a PSBT into effects, and deciding on them, beside reading it alone by the same code, and beside
 * bitcoinjs-lib, which reads the bytes and judges nothing. One thread, in turn, no store and no evidence. The wallet's keys are those
 * that it derived lately; one that is new, an input's or change's, costs `bitcoin.derive_us` more.
 */
export function benchBitcoin(effort: Effort): Promise<Measurement[]> {
  const work = new Map(shapes.map((shape) => [shape.name, workOf(shape.inputs, shape.outputs)]));
  const rounds: { readonly [S in Shape]?: Record<Step, number[]> } = Object.fromEntries(
    shapes.map(({ name }) => [name, { bitcoinjs: [], parse: [], decode: [], gate: [] }]),
  );
  const derive: number[] = [];
  const [key] = walletOf({ script: 'wpkh', chain: regtest }).keys;
  if (key === undefined) throw new Error('a wallet without keys');
  let index = 1_000;
  // Once for all before it counts: what comes first finds the code cold.
  for (const counts of [false, ...Array.from({ length: effort.rounds }, () => true)]) {
    const us = microseconds(() => publicKeyAt(key, 0, index++), effort.bareMs);
    if (counts) derive.push(us);
    for (const [shape, does] of work) {
      for (const step of steps) {
        const us = microseconds(does[step], effort.bareMs);
        if (counts) rounds[shape]?.[step].push(us);
      }
    }
  }
  const of = (shape: Shape, step: Step): readonly number[] => rounds[shape]?.[step] ?? [];
  const at = (shape: Shape, step: Step, round: number): number => of(shape, step)[round] ?? Number.NaN;
  const ratios = (shape: Shape, to: Step): number[] =>
    Array.from(
      { length: effort.rounds },
      (_, round) => (at(shape, 'decode', round) + at(shape, 'gate', round)) / at(shape, to, round),
    );
  /** What each output more takes: a small difference of large figures, so of the least of all rounds, which others' work moves least. */
  const marginal = (step: Step, few: Shape, many: Shape, outputs: number): number =>
    (Math.min(...of(many, step)) - Math.min(...of(few, step))) / outputs;
  return Promise.resolve([
    measurement('bitcoin.derive_us', 'µs', derive),
    ...shapes.flatMap(({ name }) => [
      ...steps.map((step) => measurement(`bitcoin.${name}.${step}_us`, 'µs', of(name, step))),
      measurement(`bitcoin.${name}.ratio_to_parse`, '×', ratios(name, 'parse')),
      measurement(`bitcoin.${name}.ratio_to_bitcoinjs`, '×', ratios(name, 'bitcoinjs')),
    ]),
    ...(['decode', 'gate'] as const).flatMap((step) => {
      const [first, more] = [
        marginal(step, '20in_2out', '20in_50out', 48),
        marginal(step, '20in_50out', '20in_200out', 150),
      ];
      return [
        measurement(`bitcoin.${step}.output_us`, 'µs', [more]),
        measurement(`bitcoin.${step}.output_growth`, '×', [more / first]),
      ];
    }),
  ]);
}

function workOf(inputs: number, outputs: number): Record<Step, () => unknown> {
  const wallet = walletOf({ script: 'wpkh', chain: regtest });
  const amount = (i: number): bigint => 100_000n + BigInt(i);
  const payments = Array.from({ length: outputs - 1 }, (_, i) => ({ script: recipients.wpkh, amount: amount(i) }));
  const coins = Array.from({ length: inputs }, (_, n) => ({ branch: 0, index: n, amount: 100_000_000n, salt: n }));
  const sent = payments.reduce((sum, payment) => sum + payment.amount, 0n);
  const change = { index: 0, amount: 100_000_000n * BigInt(inputs) - sent - 20_000n };
  const bytes = psbtOf(wallet, { coins, outputs: [...payments, change] });
  const decoded = decodeUnsigned(bytes, wallet);
  if (decoded.ok !== true) throw new Error(decoded.message);
  const { effects } = decoded;
  const withdrawals = payments.map((payment, i) => {
    const intent = withdrawalIntent({
      withdrawal: `w-${i}` as WithdrawalId,
      asset: bitcoin,
      amount: String(payment.amount),
      destination: payees.wpkh,
      max_fee: '100000',
    });
    return { ...paid({}, intent), listed: listed({ destination: payees.wpkh }) };
  });
  const policy = policyOf(withBitcoin);
  const of: TransactionCase = transactionCase({
    policy,
    wallet: [...policy.wallets.values()].find(({ chain }) => chain === regtest),
    effects,
    withdrawals,
  });
  const verdict = decideTransaction(of);
  if (!verdict.approved) throw new Error(`the bench's own case is refused: ${verdict.refusal?.message}`);
  return {
    bitcoinjs: () => Psbt.fromBuffer(bytes),
    parse: () => readPsbt(bytes),
    decode: () => decodeUnsigned(bytes, wallet),
    gate: () => decideTransaction(of),
  };
}

/** What one takes of a processor's time, in a loop of its own: others' work on the machine is not counted. */
function microseconds(once: () => unknown, ms: number): number {
  const start = process.cpuUsage();
  let count = 0;
  let taken = 0;
  do {
    // Asking for it costs as much as some steps do.
    for (let i = 0; i < 16; i++) once();
    count += 16;
    const { user, system } = process.cpuUsage(start);
    taken = user + system;
  } while (taken < ms * 1_000);
  return taken / count;
}
