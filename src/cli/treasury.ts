import { readFileSync } from 'node:fs';
import { type Command, CommandFailed, readArguments } from './command.ts';
import { act, actHelp, actOptions } from './operator-act.ts';

const about = `A quorum of operators signs it, each with this command or with "portcullis act sign": over the digest of exactly the bytes in
FILE, an unsigned transaction, raw or in hex. Then it goes before its device as any other.`;

/** The station's own money. */
export const transfer: Command = {
  name: 'transfer',
  summary: 'move the station’s own money, to its own wallets or to policy’s treasury: a quorum of operators',
  help: `Usage: portcullis transfer --wallet ID --tx FILE --config FILE --cert FILE --key FILE

Moves money from the wallet ID to the station's own wallets, or to an address on policy's treasury list; one that policy marks as
safe is reached under a freeze too. ${about}

${actHelp}`,
  run(args, output) {
    const given = readArguments(args, { options: [...actOptions, 'wallet', 'tx'] });
    const subject = `wallet:${given.required('wallet')}`;
    return act(given, output, { verb: 'transfer', subject, payload: readTransaction(given.required('tx')) });
  },
};

/** In the place of a transaction that is stuck. */
export const voiding: Command = {
  name: 'void',
  summary: 'spend a stuck transaction’s place on nothing: a quorum of operators',
  help: `Usage: portcullis void ID --tx FILE --config FILE --cert FILE --key FILE

ID is the newest transaction on its anchor; FILE pays nothing in its place (zero to its own wallet, at the same nonce). At most one
of the two can confirm: when one did, say which with "portcullis confirmed". ${about}

${actHelp}`,
  run(args, output) {
    const given = readArguments(args, { options: [...actOptions, 'tx'], positionals: ['ID'] });
    const subject = `transaction:${given.positionals[0] ?? ''}`;
    return act(given, output, { verb: 'void', subject, payload: readTransaction(given.required('tx')) });
  },
};

/** The station looks at no chain: people do. */
export const confirmed: Command = {
  name: 'confirmed',
  summary: 'state which transaction confirmed where one was voided: a quorum of operators',
  help: `Usage: portcullis confirmed ID --config FILE --cert FILE --key FILE

ID is the transaction that you saw confirm, the void or the one that it was to void, deep enough in the chain to stay. If it is the
void, its withdrawals end unpaid and may be prepared anew; so look at the chain yourself. A quorum of operators signs it, each
with this command or with "portcullis act sign".

${actHelp}`,
  run(args, output) {
    const given = readArguments(args, { options: actOptions, positionals: ['ID'] });
    return act(given, output, { verb: 'void', subject: `confirmed:${given.positionals[0] ?? ''}` });
  },
};

/** Unsigned bytes, as wallets' tools write them: raw, or as hex text. */
export function readTransaction(file: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CommandFailed(`--tx: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const hex = /^\s*(?:0x)?((?:[0-9A-Fa-f]{2})+)\s*$/.exec(bytes.toString('latin1'))?.[1];
  return hex === undefined ? bytes : Buffer.from(hex, 'hex');
}
