import {
  type Factor,
  type FactorServiceClient,
  FactorServiceService,
} from '../../src/generated/portcullis/v1/factor.ts';
import type { AdmissionAuthority } from './admission-authority.ts';
import type { Customer } from './customer.ts';
import { call } from './station-client.ts';

const noBytes = Buffer.alloc(0);

/** A customer's first passkey: options from the station, a registration from the browser, a voucher from the authority. */
export async function enrol(
  factors: FactorServiceClient,
  customer: Customer,
  authority: AdmissionAuthority,
  now: Date,
): Promise<Factor> {
  const { account } = customer;
  const { creationOptionsJson } = await call(factors, FactorServiceService.beginEnrollment, {
    account,
    paymentConfirmation: false,
    kind: 'webauthn',
  });
  const registrationJson = customer.create(creationOptionsJson);
  const prepared = await call(factors, FactorServiceService.prepareFactor, {
    account,
    registrationJson,
    attestedBy: '',
    lifetimeSeconds: 0,
    enrollment: noBytes,
    code: '',
  });
  const { credentialId: credential, key, station } = prepared;
  const voucher = await authority.vouch({ account, credential, key, station }, now);
  const { factor } = await call(factors, FactorServiceService.addFactor, {
    intent: prepared.intent?.canonical ?? Buffer.alloc(0),
    registrationJson,
    enrollment: noBytes,
    approval: { $case: 'voucher', value: voucher },
  });
  if (factor === undefined) throw new Error('the station answered without a factor');
  return factor;
}
