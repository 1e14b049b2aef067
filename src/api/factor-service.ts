import type { CodeEnrolment } from '../custody/code-enrolment.ts';
import type { Factors, Ripened } from '../custody/custody.ts';
import {
  type FactorKind,
  type FactorRecord,
  factorKinds,
  Malformed,
  parseAccountId,
  parseFactorId,
  shown,
} from '../domain/index.ts';
import { type Factor, FactorServiceService } from '../generated/portcullis/v1/factor.ts';
import { evidenceWantedMessage, intentMessage, parseApproval } from './evidence.ts';
import { parseBytes, parseIntentBytes, parseLifetime, parseOptional } from './fields.ts';
import { factorRights } from './rights.ts';
import { ripeningFields } from './ripening.ts';
import { bind, type Service } from './service.ts';

/** With an attestation chain of several certificates, some 8 KiB in base64url. */
const registrationMost = 16 * 1024;

function parseRegistration(json: string): Uint8Array {
  return parseBytes(Buffer.from(json, 'utf8'), registrationMost, 'registration_json');
}

/** What the station sealed is shorter by far. */
const enrollmentMost = 256;

function parseEnrollment(of: { readonly enrollment: Uint8Array; readonly registrationJson: string }): CodeEnrolment {
  if (of.registrationJson !== '')
    throw new Malformed('registration_json', 'comes with an enrollment: send one of them');
  return { enrolment: parseBytes(of.enrollment, enrollmentMost, 'enrollment') };
}

function parseCode(code: string): string {
  if (/^[0-9]{6}$/.test(code)) return code;
  throw new Malformed('code', 'expected six digits');
}

function parseKind(kind: string): FactorKind {
  const found = factorKinds.find((known) => known === (kind === '' ? 'webauthn' : kind));
  if (found === undefined) throw new Malformed('kind', `expected webauthn or totp, got ${shown(kind)}`);
  return found;
}

/** A factor on the wire. */
export function factorMessage(factor: Ripened<FactorRecord>): Factor {
  const { record } = factor;
  return {
    id: record.id,
    account: record.account,
    kind: record.kind,
    class: record.class,
    ...ripeningFields(factor),
  };
}

/** `FactorService` of the API, spoken to custody. */
export function factorService(factors: Factors): Service {
  return bind(FactorServiceService, factorRights, {
    beginEnrollment: async ({ account: name, kind, paymentConfirmation }) => {
      const account = parseAccountId(name, 'account');
      if (parseKind(kind) === 'totp') {
        const { uri, enrolment } = factors.beginCode(account);
        return { creationOptionsJson: '', otpauthUri: uri, enrollment: Buffer.from(enrolment) };
      }
      const creationOptionsJson = await factors.begin(account, paymentConfirmation);
      return { creationOptionsJson, otpauthUri: '', enrollment: Buffer.alloc(0) };
    },
    prepareFactor: async (request) => {
      const prepared = await factors.prepare({
        account: parseAccountId(request.account, 'account'),
        registration:
          request.enrollment.length === 0
            ? parseRegistration(request.registrationJson)
            : { ...parseEnrollment(request), code: parseCode(request.code) },
        attestedBy: parseOptional(request.attestedBy, 'attested_by', parseFactorId),
        lifetime: parseLifetime(request.lifetimeSeconds, 'lifetime_seconds'),
      });
      return {
        intent: intentMessage(prepared.intent),
        credentialId: prepared.credential,
        class: prepared.class,
        key: prepared.key,
        station: prepared.station,
        evidenceWanted: prepared.evidenceWanted && evidenceWantedMessage(prepared.evidenceWanted),
      };
    },
    addFactor: async (request) => ({
      factor: factorMessage(
        await factors.add({
          intent: parseIntentBytes(request.intent, 'intent'),
          registration:
            request.enrollment.length === 0 ? parseRegistration(request.registrationJson) : parseEnrollment(request),
          approval: parseApproval(request.approval),
        }),
      ),
    }),
    listFactors: (request) => ({
      factors: factors.list(parseAccountId(request.account, 'account')).map(factorMessage),
    }),
    revokeFactor: async (request) => {
      const { factor, cancelled } = await factors.revoke(parseFactorId(request.factorId, 'factor_id'));
      return { factor: factorMessage(factor), cancelled: [...cancelled] };
    },
  });
}
