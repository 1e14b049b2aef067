import { type AuthenticatorClass, Refusal, type WallMs } from '../../domain/index.ts';
import type { Certificate } from '../x509/certificate.ts';
import { chainTo, same } from '../x509/chain.ts';
import type { AttestedCredential, AuthenticatorData } from './authenticator-data.ts';
import type { Statement } from './stated.ts';

/** An authority whose word about authenticators is believed. */
export interface TrustedAuthority {
  readonly name: string;
  readonly certificate: Certificate;
}

/** What the FIDO metadata say of one model, as far as it is used. */
export interface ModelMetadata {
  readonly description: string;
  /** The first of its status reports that says that it can't be relied on. */
  readonly revoked: string | undefined;
  /** The newest of its certification statuses. */
  readonly certification: string | undefined;
  /** Authorities of its attestation. */
  readonly authorities: readonly TrustedAuthority[];
  /** Whether its metadata statement says that hardware keeps its keys. */
  readonly hardware: boolean;
}

/** What policy trusts of authenticators. */
export interface TrustedModels {
  readonly authorities: readonly TrustedAuthority[];
  /** AAGUIDs, 32 lowercase hex digits each; undefined: any. */
  readonly aaguids: readonly string[] | undefined;
  readonly metadata: TrustedMetadata | undefined;
  /** Wall time, for the validity of certificates. */
  readonly now: WallMs;
}

export interface TrustedMetadata {
  readonly model: (aaguid: string) => ModelMetadata | undefined;
  /** Why nothing more is taken for hardware by them, such as their age. */
  readonly stale: string | undefined;
  /** Whether a certification status is as good as what policy wants. */
  readonly certified: (status: string | undefined) => boolean;
  /** Whether a model that they don't list may be hardware. */
  readonly unlisted: boolean;
  /** Whether they say which authorities attest a model. */
  readonly authorities: boolean;
}

/** What a class rests on. */
export interface ClassBasis {
  readonly class: AuthenticatorClass;
  /** The authority that a `hardware` credential rests on; undefined for the other classes, which rest on nobody's word. */
  readonly authority: TrustedAuthority | undefined;
  /** Why it is not `hardware`; undefined where it is. */
  readonly why: string | undefined;
}

/** The AAGUID of those that tell none. */
const noModel = '00'.repeat(16);

/** §8.6: a U2F key signs neither AAGUID nor flags: whoever carries its answer may write any model into it. */
export function modelOf({ format }: Pick<Statement, 'format'>, attested: AttestedCredential | undefined): string {
  return format === 'fido-u2f' ? noModel : (attested?.aaguid ?? noModel);
}

/** A model that nobody should rely on any more, even where its AAGUID is only claimed: whoever lies about it harms only themselves. */
export function checkNotRevoked(aaguid: string, { metadata }: TrustedModels): void {
  const model = metadata?.model(aaguid);
  if (model?.revoked === undefined) return;
  throw new Refusal(
    'authenticator-revoked',
    `the FIDO metadata report ${model.revoked} of the authenticator model ${model.description} (${aaguid})`,
  );
}

/**
 * `hardware` is a class by an attestation chain to an authority that policy trusts, and by nothing less. A credential that can be backed
 * up (BE) is never `hardware`, whoever attests it: its key is made to leave the device.
 */
export function classOf(
  statement: Statement,
  { backupEligible, attested }: AuthenticatorData,
  models: TrustedModels,
): ClassBasis {
  const { format, chain, softness } = statement;
  const soft = (why: string): ClassBasis => ({
    class: backupEligible ? 'synced' : 'device',
    authority: undefined,
    why,
  });
  if (backupEligible) return soft('it can be backed up');
  if (chain.length === 0) return soft(`its attestation (${format}) is nobody’s word but its own`);
  if (softness !== undefined) return soft(softness);
  const aaguid = modelOf(statement, attested);
  const { aaguids, metadata } = models;
  const model = aaguid === noModel ? undefined : metadata?.model(aaguid);
  const stated = metadata?.authorities === true ? (model?.authorities ?? []) : [];
  const chained = chainTo(chain, [...models.authorities, ...stated], models.now);
  if (!chained.trusted) return soft(chained.why);
  if (aaguids !== undefined && !aaguids.includes(aaguid)) return soft(`policy does not list the model ${aaguid}`);
  const flaw = metadata === undefined ? undefined : shortOf(aaguid, model, metadata);
  if (flaw !== undefined) return soft(flaw);
  if (model !== undefined && !attestedAs(model, chain, models.now))
    return soft(`nobody attests it whom the FIDO metadata name for the model ${model.description}`);
  return { class: 'hardware', authority: chained.anchor, why: undefined };
}

/**
 * FIDO Metadata Statement v3.0, `attestationRootCertificates`: whoever attests a model is named for it. An authority that policy pins
 * may be another maker's; and under those of TPMs and of Android's keys the AAGUID is whatever the software beside the key says.
 */
function attestedAs({ authorities }: ModelMetadata, chain: readonly Certificate[], now: WallMs): boolean {
  const [leaf] = chain;
  // "… or even the attestation certificate itself".
  if (authorities.some(({ certificate }) => leaf !== undefined && same(certificate.raw, leaf.raw))) return true;
  return chain.some((_, i) => chainTo(chain.slice(0, i + 1), authorities, now).trusted);
}

function shortOf(aaguid: string, model: ModelMetadata | undefined, metadata: TrustedMetadata): string | undefined {
  if (metadata.stale !== undefined) return metadata.stale;
  if (model === undefined) return metadata.unlisted ? undefined : `the FIDO metadata do not list the model ${aaguid}`;
  if (!model.hardware)
    return `the FIDO metadata do not say of the model ${model.description} that hardware keeps its keys`;
  if (metadata.certified(model.certification)) return undefined;
  return `the model ${model.description} is ${model.certification ?? 'not certified'} by the FIDO metadata, which is less than policy wants`;
}
