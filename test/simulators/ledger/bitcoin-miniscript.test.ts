import { bytesToHex, hexToBytes } from '@noble/curves/utils.js';
import { describe, expect, it } from 'vitest';
import type { Fragment } from '../../../simulators/ledger/apps/bitcoin/policy/fragment.ts';
import { sizeOf } from '../../../simulators/ledger/apps/bitcoin/policy/limits.ts';
import { safetyOf } from '../../../simulators/ledger/apps/bitcoin/policy/safety.ts';
import { miniscriptFault } from '../../../simulators/ledger/apps/bitcoin/policy/sanity.ts';
import { makeScript } from '../../../simulators/ledger/apps/bitcoin/policy/script.ts';
import { parseTemplate } from '../../../simulators/ledger/apps/bitcoin/policy/template.ts';

const a = '03d30199d74fb5a22d47b6e054e2f378cedacffcb89904a61d75d0dbd407143e65';
const b = '025cbdf0646e5db4eaa398f365f2ea7a0e3d419b7e0330e39ce92bddedcac4f9bc';
const c = '022f01e5e15cca351daff3843fb70f3c2f0a1bdd05e5af888a67784ef3e10a2a01';
const h20 = '3a2bff0da9d96868e66abc4427bea4691cf61ccd';
const h32 = '38df1c1f64a24a77b23393bca50dff872e31edc4f3b5aa3b90ad0b82f4f089b6';

/** A miniscript with its keys written out, as a policy over as many keys. */
function parsed(expression: string, tap = false): { root: Fragment; keys: readonly string[] } {
  const keys: string[] = [];
  const template = expression.replaceAll(/0[23][0-9a-f]{64}/g, (key) => `@${keys.push(key) - 1}/**`);
  const root = parseTemplate(tap ? `tr(@999/**,${template})` : `wsh(${template})`, 2);
  const inner = tap && root.tree !== undefined && 'leaf' in root.tree ? root.tree.leaf : root.children[0];
  if (inner === undefined) throw new Error('nothing inside');
  return { root: inner, keys };
}

async function scriptOf(expression: string, tap = false): Promise<string> {
  const { root, keys } = parsed(expression, tap);
  const key = async ({ index }: { readonly index: number }) => hexToBytes(keys[index] ?? '');
  return bytesToHex(await makeScript(root, key, tap ? 'tapscript' : 'wsh'));
}

// Bitcoin Core, src/test/miniscript_tests.cpp: “Randomly generated test set that covers the majority of type and node
// type combinations”: expression, script, limit of opcodes, elements of the witness.
const scripts: readonly (readonly [string, string, number, number])[] = [
  ['lltvln:after(1231488000)', '6300676300676300670400046749b1926869516868', 12, 3],
  [`or_b(un:multi(2,${a},${b}),al:older(16))`, `635221${a}21${b}52ae926700686b63006760b2686c9b`, 14, 5],
  ['j:and_v(vdv:after(1567547623),older(2016))', '829263766304e7e06e5db169686902e007b268', 11, 1],
  [
    `or_d(sha256(${h32}),and_n(un:after(499999999),older(4194305)))`,
    `82012088a820${h32}8773646304ff64cd1db19267006864006703010040b26868`,
    16,
    1,
  ],
  [
    `and_b(older(16),s:or_d(sha256(${h32}),n:after(1567547623)))`,
    `60b27c82012088a820${h32}87736404e7e06e5db192689a`,
    12,
    1,
  ],
  [
    `thresh(2,multi(2,${a},${b}),a:multi(1,${b}),ac:pk_k(${c}))`,
    `5221${a}21${b}52ae6b5121${b}51ae6c936b21${c}ac6c935287`,
    13,
    6,
  ],
  [
    `or_d(nd:and_v(v:older(4252898),v:older(4252898)),sha256(${h32}))`,
    `766303e2e440b26903e2e440b2696892736482012088a820${h32}8768`,
    15,
    2,
  ],
  [
    `c:and_v(or_c(multi(2,${a},${b}),v:ripemd160(${h20})),pk_k(${c}))`,
    `5221${a}21${b}52ae6482012088a614${h20}886821${c}ac`,
    10,
    5,
  ],
  [
    `andor(hash256(${h32}),j:and_v(v:hash160(${h20}),older(4194305)),ripemd160(${h20}))`,
    `82012088aa20${h32}876482012088a614${h20}876782926382012088a914${h20}8803010040b26868`,
    20,
    2,
  ],
  [`or_i(c:and_v(v:after(500000),pk_k(${a})),sha256(${h32}))`, `630320a107b16921${a}ac6782012088a820${h32}8768`, 10, 2],
  [
    `uuj:and_v(v:multi(2,${a},${b}),after(1231488000))`,
    `63638292635221${a}21${b}52af0400046749b168670068670068`,
    14,
    5,
  ],
];

describe('BIP-379: miniscript becomes script as in Bitcoin Core', () => {
  it.each(scripts)('%s', async (expression, script, opcodes, stack) => {
    expect(await scriptOf(expression)).toBe(script);
    const size = sizeOf(parsed(expression).root, false);
    expect(size.script).toBe(script.length / 2);
    expect(size.opcodes + (size.keys.sat ?? 0)).toBe(opcodes);
    expect(size.stack.sat).toBe(stack);
  });

  it('writes keys without their first byte in tapscript, and hashes them so', async () => {
    expect(await scriptOf(`pk(${a})`, true)).toBe(`20${a.slice(2)}ac`);
    expect(await scriptOf(`pkh(${a})`)).toBe('76a914fcd35ddacad9f2d5be5e464639441c6065e6955d88ac');
    expect(await scriptOf(`pkh(${a})`, true)).toBe('76a914fd1690c37fa3b0f04395ddc9415b220ab1ccc59588ac');
    expect(sizeOf(parsed(`multi_a(2,${a},${b})`, true).root, true).script).toBe(
      (await scriptOf(`multi_a(2,${a},${b})`, true)).length / 2,
    );
  });
});

describe('BIP-379: what isn’t well typed is no miniscript (Bitcoin Core’s examples)', () => {
  it.each([
    'andor(a:0,1,1)',
    'andor(0,a:1,a:1)',
    'andor(1,1,1)',
    'andor(or_i(0,after(1)),1,1)',
    'and_v(1,1)',
    `and_v(pk_k(${a}),1)`,
    'and_v(v:1,a:1)',
    'and_b(1,1)',
    'and_b(v:1,a:1)',
    'and_b(a:1,a:1)',
    'or_b(1,a:0)',
    'or_b(0,a:1)',
    'or_b(0,0)',
    'or_b(v:0,a:0)',
    't:or_c(a:0,v:1)',
    't:or_c(1,v:1)',
    't:or_c(or_i(0,after(1)),v:1)',
    't:or_c(0,1)',
    'or_d(1,1)',
    'or_d(or_i(0,after(1)),1)',
    'or_d(0,v:1)',
    'or_i(a:1,a:1)',
    'after(0)',
    'older(2147483648)',
    `c:pk(${a})`,
    's:1',
    'j:1',
    `thresh(1,pk(${a}),pk(${b}))`,
    `thresh(2,a:pk(${a}),a:pk(${b}))`,
  ])('%s', (expression) => expect(() => parsed(expression)).toThrow());

  it.each([
    'andor(0,1,1)',
    'andor(n:or_i(0,after(1)),1,1)',
    `c:andor(0,pk_k(${a}),pk_k(${b}))`,
    't:andor(0,v:1,v:1)',
    'and_v(v:1,1)',
    't:and_v(v:1,v:1)',
    'and_b(1,a:1)',
    'or_b(0,a:0)',
    't:or_c(0,v:1)',
    't:or_c(n:or_i(0,after(1)),v:1)',
    'or_d(0,1)',
    'or_i(1,1)',
    `c:or_i(pk_k(${a}),pk_k(${b}))`,
  ])('but %s is', (expression) => expect(() => parsed(expression)).not.toThrow());

  it('knows that d: leaves exactly 1 in tapscript only (MINIMALIF is a rule there)', () => {
    expect(() => parsed(`thresh(2,pk(${a}),sdv:older(5))`)).toThrow();
    expect(() => parsed(`thresh(2,pk(${a}),sdv:older(5))`, true)).not.toThrow();
  });
});

describe('BIP-379: who can change a witness, who needs to sign, which locks mix', () => {
  // Bitcoin Core’s flags for the same expressions.
  it.each([
    ['lltvln:after(1231488000)', 'm'],
    [`uuj:and_v(v:multi(2,${a},${b}),after(1231488000))`, 'ms'],
    [`or_b(un:multi(2,${a},${b}),al:older(16))`, ''],
    [`t:andor(multi(3,${a},${b},${c}),v:older(4194305),v:sha256(${h32}))`, 'm'],
    [`or_d(multi(1,${a}),or_b(multi(3,${a},${b},${c}),su:after(500000)))`, 'm'],
    [`or_d(sha256(${h32}),and_n(un:after(499999999),older(4194305)))`, ''],
    [`j:and_b(multi(2,${a},${b}),s:or_i(older(1),older(4252898)))`, 's'],
    [`thresh(2,multi(2,${a},${b}),a:multi(1,${b}),ac:pk_k(${c}))`, 'ms'],
    [`c:and_v(or_c(sha256(${h32}),v:multi(1,${a})),pk_k(${b}))`, 's'],
    [`c:and_v(or_c(multi(2,${a},${b}),v:ripemd160(${h20})),pk_k(${c}))`, 'ms'],
    [`or_i(c:and_v(v:after(500000),pk_k(${a})),sha256(${h32}))`, 'm'],
    ['and_b(after(100),a:after(1000000000))', 'mk'],
    ['or_b(l:after(100),al:after(1000000000))', ''],
    ['or_i(1,1)', ''],
    ['or_b(0,a:0)', 'ms'],
  ])('%s', (expression, flags) => {
    const { m, s, unmixed } = safetyOf(parsed(expression).root);
    expect(`${m ? 'm' : ''}${s ? 's' : ''}${unmixed ? '' : 'k'}`).toBe(flags);
  });
});

describe('BIP-379: resource limits', () => {
  const fault = (expression: string): string | undefined => miniscriptFault(parsed(expression).root, false);
  const locks = (count: number): string => `thresh(${count + 1},pk(${a})${',sln:older(5)'.repeat(count)})`;
  const multi = `multi(1,${Array.from({ length: 16 }, () => b).join(',')})`;

  it('201 opcodes, with the keys of multisignatures', () => {
    // Two for the key, seven for each lock.
    expect(fault(locks(28))).toBeUndefined();
    expect(fault(locks(29))).toMatch('opcodes');
    const nested = (count: number): string => (count === 0 ? `pk(${a})` : `and_v(v:${multi},${nested(count - 1)})`);
    expect(fault(nested(5))).toBeUndefined();
    expect(fault(nested(12))).toMatch('opcodes');
  });

  it('100 elements of a witness, 3600 bytes of script', () => {
    const pairs = (count: number): string => (count === 0 ? `pk(${a})` : `and_v(v:pkh(${b}),${pairs(count - 1)})`);
    expect(fault(pairs(39))).toBeUndefined();
    expect(sizeOf(parsed(pairs(49)).root, false).stack.sat).toBe(99);
    const signed = (count: number): string => (count === 0 ? `pk(${a})` : `and_v(v:pk(${b}),${signed(count - 1)})`);
    expect(fault(signed(99))).toBeUndefined();
    expect(fault(signed(100))).toMatch('witness');
    const wide = (count: number): string =>
      count === 0
        ? `pk(${a})`
        : `and_v(v:multi(1,${Array.from({ length: 10 }, () => b).join(',')}),${wide(count - 1)})`;
    expect(fault(wide(10))).toBeUndefined();
    expect(fault(wide(11))).toMatch('long');
  });
});
