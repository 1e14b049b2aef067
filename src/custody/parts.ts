import {
  type SignaturePart,
  type TransactionId,
  type TransactionRecord,
  threshold,
  type Wallet,
} from '../domain/index.ts';
import type { Station } from './station.ts';

// A transaction of several signers collects what each of them made of it: sealed in its row, released by nobody, until it is complete.

/** Whether a signer's answer to a transaction is still wanted. */
export function isAsked({ signedBy, declinedBy }: TransactionRecord, signer: string): boolean {
  return !signedBy.includes(signer) && !declinedBy.includes(signer);
}

/** Whether enough signers are left for a transaction that one more of them declines. */
export function completableWithout(record: TransactionRecord, wallet: Wallet, signers: readonly string[]): boolean {
  const left = signers.filter((signer) => !record.declinedBy.includes(signer) && signer !== record.signer);
  return left.length >= threshold(wallet);
}

/** What a transaction has collected so far. Throws where its seal does not open. */
export function partsOf(record: TransactionRecord, station: Station): readonly SignaturePart[] {
  if (record.sealed === null || record.state === 'WITHHELD') return [];
  return decodeParts(station.sealing.unseal('transaction-parts', record.id, record.sealed));
}

export function sealParts(id: TransactionId, parts: readonly SignaturePart[], station: Station): Uint8Array {
  return station.seal('transaction-parts', id, encodeParts(parts));
}

/** formats.md, "Sealing": each part is u8(bytes of the signer's name) ‖ the name ‖ u32be(bytes) ‖ its signatures. */
export function encodeParts(parts: readonly SignaturePart[]): Uint8Array {
  return Buffer.concat(
    parts.flatMap(({ signer, signature }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(signature.length);
      return [Buffer.from([signer.length]), Buffer.from(signer, 'ascii'), length, signature];
    }),
  );
}

/** The inverse. What is sealed was written here, so that bytes of another form are an error of the program's. */
export function decodeParts(bytes: Uint8Array): SignaturePart[] {
  const from = Buffer.from(bytes);
  const parts: SignaturePart[] = [];
  for (let at = 0; at < from.length; ) {
    const named = at + 1 + from.readUInt8(at);
    const signed = named + 4 + from.readUInt32BE(named);
    if (signed > from.length) throw new RangeError('sealed parts end within a signature');
    const signature = new Uint8Array(from.subarray(named + 4, signed));
    parts.push({ signer: from.toString('ascii', at + 1, named), signature });
    at = signed;
  }
  return parts;
}
