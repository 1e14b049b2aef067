import { parse } from 'yaml';
import { Authenticator, type AuthenticatorSettings } from '../../simulators/authenticator/authenticator.ts';
import { parseCreationOptions } from '../../simulators/authenticator/options.ts';
import { type Address, type FactorId, parseEntryId, parseWithdrawalId, type Sealed } from '../../src/domain/index.ts';
import { parsePolicy } from '../../src/gate/policy.ts';
import { alicesAddress, Customer, ether, policyDocument, type TestStation, testSeed } from '../custody/station.ts';

/** A device of its own for each name; test keys. */
export function deviceOf(
  name: string,
  settings: Partial<Omit<AuthenticatorSettings, 'origin' | 'seed'>> = {},
): Authenticator {
  return new Authenticator({ origin: 'https://approve.example', seed: testSeed(name), ...settings });
}

/** A destination's intent, as Prepare hands it out. */
export async function destinationIntent(
  customer: Customer,
  entry: string,
  destination: Address = alicesAddress,
  label = '',
): Promise<Sealed> {
  const prepared = await customer.station.custody.destinations.prepare({
    entry: parseEntryId(entry, 'entry'),
    account: customer.account,
    destination,
    label,
    lifetime: undefined,
  });
  return prepared.intent;
}

/** An intent to pay one ether to the customer's own address, for as long as `lifetime` says, ms. */
export async function withdrawalIntent(customer: Customer, id: string, lifetime: number | undefined): Promise<Sealed> {
  const prepared = await customer.station.custody.withdrawals.prepare({
    withdrawal: parseWithdrawalId(id, 'withdrawal'),
    account: customer.account,
    asset: ether,
    amount: 10n ** 18n,
    destination: alicesAddress,
    maxFee: 10n ** 15n,
    payBy: undefined,
    lifetime,
  });
  return prepared.intent;
}

/** A further factor's registration and intent, prepared and not approved yet. */
export async function prepareFactor(
  station: TestStation,
  account: Customer['account'],
  device: Authenticator,
  attestedBy: FactorId | undefined,
) {
  const { factors } = station.custody;
  const registration = new TextEncoder().encode(
    JSON.stringify(device.create(parseCreationOptions(await factors.begin(account)))),
  );
  const prepared = await factors.prepare({ account, registration, attestedBy, lifetime: undefined });
  return { ...prepared, registration };
}

/** A further factor, attested by the one that the customer has, announced; not ripe yet. */
export async function furtherFactor(of: Customer, device: Authenticator): Promise<Customer> {
  const { station, account } = of;
  const { intent, registration, credential } = await prepareFactor(station, account, device, of.credential);
  const attestation = of.attest(intent.digest);
  await station.custody.factors.add({
    intent: intent.bytes,
    registration,
    approval: { kind: 'attestations', attestations: [attestation] },
  });
  await station.deliver();
  return new Customer(station, account, device, credential);
}

/** The station starts again under another policy, as if that had come into force by policy's own ways. */
export async function restartUnder(station: TestStation, change: (document: string) => string): Promise<void> {
  const [admission] = station.policy.admission;
  const policy = parsePolicy(parse(policyDocument({ x: admission?.jwk['x'] ?? '' }, change)));
  await station.stop();
  Object.defineProperty(station, 'policy', { value: policy });
  station.start();
}

/** Tokens are dear enough that one ether's worth of base units is within their ceiling, too. */
export const generousCeilings = (document: string): string =>
  document.replace("max_payment: '1000000000000'", "max_payment: '100000000000000000000'");
