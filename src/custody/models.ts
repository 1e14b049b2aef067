import {
  authorityKey,
  certifiedAs,
  type Metadata,
  namedBy,
  openMetadata,
  parseCertificate,
  type TrustedAuthority,
  type TrustedMetadata,
  type TrustedModels,
} from '../attestation/index.ts';
import { type FactorRecord, formatInstant, Malformed, Refusal, type WallMs } from '../domain/index.ts';
import type { AuthenticatorsPolicy, MetadataPolicy, PinnedAuthority } from '../gate/policy/authenticators.ts';
import type { Policy } from '../gate/policy.ts';

interface Opened {
  readonly policy: AuthenticatorsPolicy;
  readonly authorities: readonly TrustedAuthority[];
  readonly metadata: Metadata | undefined;
}

/** What policy trusts of authenticators, by the certificates that it pins and the FIDO metadata that the config names. */
export class Models {
  readonly #blob: string | undefined;
  #opened: Opened | undefined;
  readonly #others = new WeakMap<AuthenticatorsPolicy, Opened>();

  /** `blob`: the metadata, a JWS, as its file has it; undefined: the config names none. */
  constructor(blob?: string) {
    this.#blob = blob;
  }

  /**
   * Opens the metadata, if the policy wants any: once for each policy, since a chain that was valid when it was read need not stay so.
   * `least`: the highest number that was ever had. Throws `Malformed` where they are missing, don't verify, or went back.
   */
  open({ authenticators }: Policy, now: WallMs, least: number): Metadata | undefined {
    const authorities = authenticators.authorities.map(trusted);
    const { metadata: wanted } = authenticators;
    const metadata = wanted === undefined ? undefined : this.#metadata(wanted, now);
    if (metadata !== undefined && metadata.number < least)
      throw new Malformed(
        'config.metadata',
        `has the number ${metadata.number}, and ${least} was there before: an old one`,
      );
    this.#opened = { policy: authenticators, authorities, metadata };
    return metadata;
  }

  /** What registrations are held against. */
  trusted({ authenticators }: Policy, now: WallMs): TrustedModels {
    const { authorities, metadata } = this.#of(authenticators);
    const { metadata: wanted, models } = authenticators;
    return {
      authorities,
      aaguids: models?.map((model) => model.replaceAll('-', '')),
      metadata: wanted === undefined ? undefined : trustedMetadata(wanted, metadata, now),
      now,
    };
  }

  /** Why an enrolled credential no longer is what it was enrolled as, at each of its uses; undefined: it is. */
  flawOf(factor: FactorRecord, { authenticators }: Policy): string | undefined {
    const { authorities, metadata } = this.#of(authenticators);
    const model = metadata?.models.get(factor.aaguid);
    if (model?.revoked !== undefined)
      return `the FIDO metadata report ${model.revoked} of its model, ${model.description}`;
    if (factor.class !== 'hardware') return undefined;
    const { authority } = factor;
    if (authority === null) return 'nobody’s attestation that it is of hardware is kept';
    if (authenticators.models?.every((listed) => listed.replaceAll('-', '') !== factor.aaguid) === true)
      return `policy does not list the model ${factor.aaguid} as hardware any more`;
    if (authorities.some(({ certificate }) => authorityKey(certificate) === authority)) return undefined;
    const stated = authenticators.metadata?.authorities === true && model !== undefined && namedBy(model, authority);
    return stated ? undefined : 'policy no longer trusts the authority that attested it to be of hardware';
  }

  /** Of a policy for which they were not opened, or could not be: what it pins counts, and metadata only under the same root. */
  #of(policy: AuthenticatorsPolicy): Opened {
    const opened = this.#opened;
    if (opened?.policy === policy) return opened;
    const known = this.#others.get(policy);
    if (known !== undefined) return known;
    const same = opened?.policy.metadata?.root.fingerprint === policy.metadata?.root.fingerprint;
    const metadata = same ? opened?.metadata : undefined;
    const other = { policy, authorities: policy.authorities.map(trusted), metadata };
    this.#others.set(policy, other);
    return other;
  }

  #metadata({ root }: MetadataPolicy, now: WallMs): Metadata {
    if (this.#blob === undefined)
      throw new Malformed('config.metadata', 'is missing: policy wants the FIDO metadata (authenticators.metadata)');
    try {
      return openMetadata(this.#blob, { root: trusted(root).certificate, now });
    } catch (error) {
      if (error instanceof Refusal) throw new Malformed('config.metadata', error.message);
      throw error;
    }
  }
}

function trusted({ name, certificate }: PinnedAuthority): TrustedAuthority {
  const der = Buffer.from(certificate.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  return { name, certificate: parseCertificate(new Uint8Array(der)) };
}

function trustedMetadata(wanted: MetadataPolicy, metadata: Metadata | undefined, now: WallMs): TrustedMetadata {
  return {
    model: (aaguid) => metadata?.models.get(aaguid),
    stale: staleness(wanted, metadata, now),
    certified: (status) => certifiedAs(status, wanted.certification),
    unlisted: wanted.unlisted === 'accept',
    authorities: wanted.authorities,
  };
}

function staleness({ grace }: MetadataPolicy, metadata: Metadata | undefined, now: WallMs): string | undefined {
  if (metadata === undefined) return 'the FIDO metadata that policy wants are not at hand';
  if (now <= metadata.nextUpdate + grace) return undefined;
  return `the FIDO metadata are too old: the next were due on ${formatInstant(metadata.nextUpdate)}`;
}

/** What a policy's own parser can't see of its certificates. Throws `Malformed` with the member's place. */
export function checkAuthorities({ authenticators }: Policy): void {
  const { authorities, metadata } = authenticators;
  for (const authority of [...authorities, ...(metadata === undefined ? [] : [metadata.root])]) {
    try {
      trusted(authority);
    } catch (error) {
      if (error instanceof Refusal) throw new Malformed(`policy.authenticators (${authority.name})`, error.message);
      throw error;
    }
  }
}

/** Whether authenticators are to say what they are when they are enrolled: where somebody would judge it. */
export function asksAttestation({ authenticators: { authorities, metadata } }: Policy): boolean {
  return authorities.length > 0 || metadata !== undefined;
}
