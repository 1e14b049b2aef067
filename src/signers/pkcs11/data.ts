import { TokenFailure } from './failure.ts';
import { createObject, type Handle } from './library.ts';
import { type KeepData, objectBytesMost, objectsMost } from './protocol.ts';
import type { Session } from './session.ts';

/** CKA_APPLICATION of what the station puts into a token besides keys. */
const application = 'portcullis';

/** The data objects (CKO_DATA) of a label, hex. Throws `TokenFailure` where there are more than the station ever puts there. */
export function readData(session: Session, label: string): string[] {
  return find(session, label).map((object) => contentOf(session, object, label).toString('hex'));
}

/**
 * Puts one beside them, then destroys those that it comes instead of: stopped between, both are there. Returns all that are there then.
 * Throws `TokenFailure`.
 */
export function keepData(session: Session, { label, value, instead }: KeepData): string[] {
  const { library: p, module, handle } = session;
  const before = find(session, label).map((object) => ({
    object,
    hex: contentOf(session, object, label).toString('hex'),
  }));
  const dropped = before.filter(({ hex }) => hex !== value && instead.includes(hex));
  if (!before.some(({ hex }) => hex === value)) {
    if (before.length === objectsMost && dropped.length === 0) throw tooMany(label);
    createObject(p, module, handle, [
      { type: p.CKA_CLASS, value: p.CKO_DATA },
      { type: p.CKA_TOKEN, value: true },
      { type: p.CKA_PRIVATE, value: true },
      { type: p.CKA_APPLICATION, value: application },
      { type: p.CKA_LABEL, value: label },
      { type: p.CKA_VALUE, value: Buffer.from(value, 'hex') },
    ]);
  }
  for (const { object } of dropped) module.C_DestroyObject(handle, object);
  return readData(session, label);
}

function find({ library: p, module, handle }: Session, label: string): Handle[] {
  module.C_FindObjectsInit(handle, [
    { type: p.CKA_CLASS, value: p.CKO_DATA },
    { type: p.CKA_TOKEN, value: true },
    { type: p.CKA_APPLICATION, value: application },
    { type: p.CKA_LABEL, value: label },
  ]);
  try {
    // One more: what the station was stopped in putting there.
    const found = module.C_FindObjects(handle, objectsMost + 2);
    if (found.length > objectsMost + 1) throw tooMany(label);
    return found;
  } finally {
    module.C_FindObjectsFinal(handle);
  }
}

function contentOf({ library: p, module, handle }: Session, object: Handle, label: string): Buffer {
  const value = module.C_GetAttributeValue(handle, object, [{ type: p.CKA_VALUE }])[0]?.value;
  if (value !== undefined && value.length > 0 && value.length <= objectBytesMost) return value;
  throw new TokenFailure(
    'signer-failed',
    `the token’s data object ${label} has ${value?.length ?? 0} bytes: the station puts 1 to ${objectBytesMost} there`,
  );
}

function tooMany(label: string): TokenFailure {
  return new TokenFailure(
    'signer-failed',
    `the token has more than ${objectsMost} data objects ${label}: keep copies of former logs’ elsewhere and destroy them, or name another label`,
  );
}
