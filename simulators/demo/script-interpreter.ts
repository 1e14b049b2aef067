import { createRequire } from 'node:module';

// bitcore-lib's script interpreter, a port of Bitcoin Core's, and a third implementation of scripts, sighashes and curve. It is
// CommonJS without types.

interface Script {
  readonly chunks: readonly unknown[];
}
interface BitcoreInput {
  output: unknown;
  readonly script: Script;
  readonly witnesses?: readonly Buffer[];
  getWitnesses?(): readonly Buffer[];
}
interface BitcoreTransaction {
  readonly inputs: readonly BitcoreInput[];
}
interface Interpreter {
  readonly errstr: string;
  verify(
    scriptSig: Script,
    scriptPubkey: Script,
    tx: BitcoreTransaction,
    nin: number,
    flags: number,
    witness: readonly Buffer[],
    satoshis: number,
  ): boolean;
}
interface Bitcore {
  readonly Transaction: {
    new (raw: string): BitcoreTransaction;
    readonly Output: new (of: { script: Script; satoshis: number }) => unknown;
  };
  readonly Script: {
    new (raw: Buffer): Script;
    readonly Interpreter: { new (): Interpreter } & Readonly<Record<string, number>>;
  };
}

const { Transaction, Script }: Bitcore = createRequire(import.meta.url)('bitcore-lib');

/** The rules of standardness that the interpreter knows, but CLEANSTACK: it looks at the stack from before the output's script ran. */
const flags = [
  'P2SH',
  'STRICTENC',
  'DERSIG',
  'LOW_S',
  'NULLDUMMY',
  'MINIMALDATA',
  'DISCOURAGE_UPGRADABLE_NOPS',
  'CHECKLOCKTIMEVERIFY',
  'CHECKSEQUENCEVERIFY',
  'WITNESS',
  'DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM',
  'MINIMALIF',
  'NULLFAIL',
  'WITNESS_PUBKEYTYPE',
  'CONST_SCRIPTCODE',
  'TAPROOT',
].reduce((sum, name) => sum | (Script.Interpreter[`SCRIPT_VERIFY_${name}`] ?? 0), 0);

export interface Spent {
  readonly script: Uint8Array;
  readonly amount: bigint;
}

/** By input, what the interpreter has against it; `ok` where it has nothing. */
export function interpreted(raw: Uint8Array, spent: readonly Spent[]): string[] {
  const transaction = new Transaction(Buffer.from(raw).toString('hex'));
  const outputs = spent.map(({ script, amount }) => ({
    script: new Script(Buffer.from(script)),
    satoshis: Number(amount),
  }));
  for (const [i, input] of transaction.inputs.entries()) {
    const output = outputs[i];
    if (output !== undefined) input.output = new Transaction.Output(output);
  }
  return transaction.inputs.map((input, i) => {
    const output = outputs[i];
    if (output === undefined) return 'spends nothing known';
    const interpreter = new Script.Interpreter();
    const witness = input.witnesses ?? input.getWitnesses?.() ?? [];
    const good = interpreter.verify(input.script, output.script, transaction, i, flags, witness, output.satoshis);
    return good ? 'ok' : interpreter.errstr;
  });
}
