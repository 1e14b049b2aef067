import type { ObjectPlace } from './custody/kept-object.ts';
import { Malformed, Refusal, second } from './domain/index.ts';
import { type CheckpointSigner, heldSigner } from './journal/checkpoint-signer.ts';
import { noteMessage, noteVerifier } from './journal/note.ts';
import { readJournalKey } from './journal-key-file.ts';
import type { JournalKeySource, ObjectSource } from './key-source.ts';
import { readPin, type SignerConfig } from './signer-config.ts';
import { Vault } from './signers/pkcs11/vault.ts';
import type { LineLog } from './signers/stderr.ts';

/** Within which a module, or a network HSM behind it, must have answered, ms. */
const deadline = 10 * second;

/** The station's own keys in HSMs: a child of its own for each token that has any, apart from its wallets'. */
export class Vaults {
  readonly #signers: readonly SignerConfig[];
  readonly #log: LineLog;
  readonly #open = new Map<string, Vault>();

  constructor(signers: readonly SignerConfig[], log: LineLog) {
    this.#signers = signers;
    this.#log = log;
  }

  /** The one of a signer's token. Throws `Malformed`, naming `place`. */
  of(name: string, place: string): Vault {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const signer = this.#signers.find((one) => one.name === name);
    if (signer?.kind !== 'pkcs11') throw new Malformed(place, `config.signers has no signer ${name} of kind pkcs11`);
    const { module, token, environment } = signer;
    const pin = readPin(signer.pin, `config.signers.${name}.pin`);
    const vault = new Vault({ module, token, pin, environment, deadline, log: this.#log });
    this.#open.set(name, vault);
    return vault;
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map((vault) => vault.close()));
  }
}

/** Where an HSM keeps the newest checkpoint. Throws `Malformed`; what it does rejects with `Refusal`, and the HSM's reason. */
export function openObject(source: ObjectSource, vaults: Pick<Vaults, 'of'>): ObjectPlace {
  const { signer, label } = source;
  const place = 'config.journal.object';
  const vault = vaults.of(signer, `${place}.hsm`);
  const told = (error: unknown): never => {
    if (error instanceof Refusal) throw new Refusal(error.reason, `${place}: ${error.message}`, error.details);
    throw error;
  };
  return {
    name: `${signer}’s data object ${label}`,
    read: () => vault.readData(label).catch(told),
    keep: (note, instead) => vault.keepData(label, note, instead).catch(told),
  };
}

/** A key of the journal's, wherever it is. Throws `Malformed`, and `Refusal` with the reason of an HSM that has it not. */
export async function openJournalKey(
  source: JournalKeySource,
  origin: string,
  place: string,
  vaults: Pick<Vaults, 'of'>,
): Promise<CheckpointSigner> {
  if (source.kind === 'file') return heldSigner(origin, readJournalKey(source.file, place));
  const vault = vaults.of(source.signer, `${place}.hsm`);
  const publicKey = await vault.noteKey(source.key);
  const verifier = noteVerifier(origin, publicKey);
  const { name, id } = verifier;
  return {
    origin,
    verifier,
    sign: async (text) => ({ name, id, signature: await vault.signNote(source.key, publicKey, noteMessage(text)) }),
  };
}
