import type { Factors, Ripened } from '../custody/custody.ts';
import { type FactorRecord, parseAccountId, parseFactorId } from '../domain/index.ts';
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

function message(factor: Ripened<FactorRecord>): Factor {
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
    beginEnrollment: async (request) => ({
      creationOptionsJson: await factors.begin(parseAccountId(request.account, 'account'), request.paymentConfirmation),
    }),
    prepareFactor: async (request) => {
      const prepared = await factors.prepare({
        account: parseAccountId(request.account, 'account'),
        registration: parseRegistration(request.registrationJson),
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
      factor: message(
        await factors.add({
          intent: parseIntentBytes(request.intent, 'intent'),
          registration: parseRegistration(request.registrationJson),
          approval: parseApproval(request.approval),
        }),
      ),
    }),
    listFactors: (request) => ({ factors: factors.list(parseAccountId(request.account, 'account')).map(message) }),
    revokeFactor: async (request) => {
      const { factor, cancelled } = await factors.revoke(parseFactorId(request.factorId, 'factor_id'));
      return { factor: message(factor), cancelled: [...cancelled] };
    },
  });
}
