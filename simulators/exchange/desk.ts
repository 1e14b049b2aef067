import { randomBytes } from 'node:crypto';
import type { Hex } from 'viem';
import { TimeServiceClient, TimeServiceService } from '../../src/generated/portcullis/dev/v1/time.ts';
import {
  type Destination,
  DestinationServiceClient,
  DestinationServiceService,
  RipeningState,
} from '../../src/generated/portcullis/v1/destination.ts';
import type { Intent } from '../../src/generated/portcullis/v1/evidence.ts';
import {
  type AddFactorRequest,
  type Factor,
  FactorServiceClient,
  FactorServiceService,
} from '../../src/generated/portcullis/v1/factor.ts';
import {
  TransactionServiceClient,
  TransactionServiceService,
  TransactionState,
} from '../../src/generated/portcullis/v1/transaction.ts';
import {
  WithdrawalServiceClient,
  WithdrawalServiceService,
  WithdrawalState,
} from '../../src/generated/portcullis/v1/withdrawal.ts';
import type { Announcement } from '../demo/emulated-station.ts';
import { AdmissionAuthority } from './admission-authority.ts';
import { attestationOf } from './assertion.ts';
import type { Body } from './body.ts';
import { transferBytes } from './build-transaction.ts';
import { Inbox } from './inbox.ts';
import { requestSignature } from './sign.ts';
import { call, connect, Refused } from './station-client.ts';
import type { Routes } from './web.ts';
import { prepare } from './withdraw.ts';

const service = { role: 'withdrawals', name: 'service' } as const;
/** Of the sample's transactions, wei per unit of gas: no node is asked. */
const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n };

/** The page enrols passkeys. */
const noCode = { enrollment: Buffer.alloc(0), code: '' };

/**
 * The sample exchange behind the page. In a real one these are four parties, each with a machine and a certificate of its own: the
 * withdrawal service, the admission authority, the courier, and whoever serves the approvals page. And there the account
 * comes from the customer's session, never from what the page says.
 */
export class Desk {
  readonly #station: Announcement;
  readonly #factors: FactorServiceClient;
  readonly #destinations: DestinationServiceClient;
  readonly #withdrawals: WithdrawalServiceClient;
  readonly #transactions: TransactionServiceClient;
  readonly #time: TimeServiceClient;
  readonly #authority: AdmissionAuthority;
  readonly #inbox: Inbox;
  /** Which withdrawals are whose, newest first: the exchange's own book. */
  readonly #book = new Map<string, string[]>();
  #nonce = 0;

  constructor(station: Announcement) {
    this.#station = station;
    this.#factors = connect(FactorServiceClient, station, service);
    this.#destinations = connect(DestinationServiceClient, station, service);
    this.#withdrawals = connect(WithdrawalServiceClient, station, service);
    this.#transactions = connect(TransactionServiceClient, station, service);
    this.#time = connect(TimeServiceClient, station, { role: 'dev', name: 'dev' });
    const { key, issuer, kid } = station.admission;
    this.#authority = new AdmissionAuthority(key, issuer, kid);
    this.#inbox = new Inbox(station);
  }

  readonly routes: Routes = {
    account: (body) => this.#account(body.text('account')),
    'begin-enrolment': (body) => this.#beginEnrolment(body),
    'prepare-factor': (body) => this.#prepareFactor(body),
    'add-factor': (body) => this.#addFactor(body),
    'revoke-factor': (body) => this.#revokeFactor(body),
    'prepare-destination': (body) => this.#prepareDestination(body),
    'add-destination': (body) => this.#addDestination(body),
    'remove-destination': (body) => this.#removeDestination(body),
    'prepare-withdrawal': (body) => this.#prepareWithdrawal(body),
    'authorize-withdrawal': (body) => this.#authorizeWithdrawal(body),
    'sign-withdrawal': (body) => this.#signWithdrawal(body),
    object: async (body) => ({ cancelled: await this.#inbox.object(body.text('account'), body.text('id')) }),
    'let-a-day-pass': async () => ({ now: await this.#pass(24 * 60 * 60 + 1) }),
  };

  close(): void {
    for (const client of [this.#factors, this.#destinations, this.#withdrawals, this.#transactions, this.#time]) {
      client.close();
    }
    this.#inbox.close();
  }

  /** All that the page shows. */
  async #account(account: string): Promise<object> {
    const inbox = await this.#inbox.of(account);
    const [{ factors }, { destinations }, withdrawals, now] = await Promise.all([
      call(this.#factors, FactorServiceService.listFactors, { account }),
      call(this.#destinations, DestinationServiceService.listDestinations, { account }),
      Promise.all((this.#book.get(account) ?? []).map((id) => this.#withdrawal(id))),
      this.#pass(0),
    ]);
    const { station, wallet, ledger } = this.#station;
    return {
      station,
      chain: wallet.chain,
      assets: { [`${wallet.chain}/slip44:60`]: { symbol: 'ETH', decimals: 18 } },
      ledger,
      now,
      factors: factors.map(factorView),
      destinations: destinations.map(destinationView),
      withdrawals,
      inbox,
    };
  }

  async #beginEnrolment(body: Body): Promise<object> {
    const account = body.text('account');
    const method = FactorServiceService.beginEnrollment;
    const { creationOptionsJson } = await call(this.#factors, method, {
      account,
      paymentConfirmation: false,
      kind: '',
    });
    return { creationOptions: creationOptionsJson };
  }

  async #prepareFactor(body: Body): Promise<object> {
    const prepared = await call(this.#factors, FactorServiceService.prepareFactor, {
      account: body.text('account'),
      registrationJson: body.text('registration'),
      attestedBy: body.text('attestedBy'),
      lifetimeSeconds: 0,
      ...noCode,
    });
    const { rpId } = this.#station;
    return { ...intentView(prepared.intent), rpId, credentialIds: [body.text('attestedBy')], wouldRefuse: [] };
  }

  /** With an assertion by the factor that the intent names; without, the account's first, which the authority vouches for. */
  async #addFactor(body: Body): Promise<object> {
    const registrationJson = body.text('registration');
    const intent = Buffer.from(body.text('intent'));
    const approval: AddFactorRequest['approval'] =
      body.text('assertion') === ''
        ? { $case: 'voucher', value: await this.#voucher(body.text('account'), registrationJson) }
        : { $case: 'attestations', value: { attestations: [attestationOf(body.assertion('assertion'))] } };
    const { factor } = await call(this.#factors, FactorServiceService.addFactor, {
      intent,
      registrationJson,
      approval,
      enrollment: noCode.enrollment,
    });
    return { factor: factor === undefined ? null : factorView(factor) };
  }

  /** The sample authority vouches for whoever asks; a real one knows its customers, and the withdrawal service can't ask it. */
  async #voucher(account: string, registrationJson: string): Promise<string> {
    const of = { account, registrationJson, attestedBy: '', lifetimeSeconds: 0, ...noCode };
    const prepared = await call(this.#factors, FactorServiceService.prepareFactor, of);
    const { credentialId: credential, key, station } = prepared;
    return this.#authority.vouch({ account, credential, key, station }, new Date(await this.#pass(0)));
  }

  async #revokeFactor(body: Body): Promise<object> {
    const { cancelled } = await call(this.#factors, FactorServiceService.revokeFactor, { factorId: body.text('id') });
    return { cancelled };
  }

  async #prepareDestination(body: Body): Promise<object> {
    const prepared = await call(this.#destinations, DestinationServiceService.prepareDestination, {
      entryId: freshId('address'),
      account: body.text('account'),
      destination: body.text('destination'),
      label: body.text('label'),
      lifetimeSeconds: 0,
    });
    return preparedView(prepared);
  }

  async #addDestination(body: Body): Promise<object> {
    const { destination } = await call(this.#destinations, DestinationServiceService.addDestination, approved(body));
    return { destination: destination === undefined ? null : destinationView(destination) };
  }

  async #removeDestination(body: Body): Promise<object> {
    const entryId = body.text('id');
    await call(this.#destinations, DestinationServiceService.removeDestination, { entryId });
    return {};
  }

  async #prepareWithdrawal(body: Body): Promise<object> {
    const prepared = await prepare(this.#withdrawals, body.text('account'), {
      id: freshId('withdrawal'),
      asset: body.text('asset'),
      amount: body.text('amount'),
      destination: body.text('destination'),
      maxFee: body.text('maxFee'),
    });
    const { evidenceWanted, operatorsNeeded } = prepared;
    return { ...preparedView(prepared), evidenceWanted, operatorsNeeded };
  }

  async #authorizeWithdrawal(body: Body): Promise<object> {
    const method = WithdrawalServiceService.authorizeWithdrawal;
    const { withdrawal } = await call(this.#withdrawals, method, approved(body));
    if (withdrawal === undefined) throw new Error('the station answered without a withdrawal');
    const { account, id } = withdrawal;
    this.#book.set(account, [id, ...(this.#book.get(account) ?? [])]);
    return this.#withdrawal(id);
  }

  /** Unsigned bytes that pay it, at the next free nonce; a person before the Ledger comes next. */
  async #signWithdrawal(body: Body): Promise<object> {
    const withdrawalId = body.text('id');
    const { withdrawal } = await call(this.#withdrawals, WithdrawalServiceService.getWithdrawal, { withdrawalId });
    if (withdrawal === undefined) throw new Error('the station answered without a withdrawal');
    const { id, chain } = this.#station.wallet;
    const to = withdrawal.destination.slice(chain.length + 1) as Hex;
    const chainId = Number(chain.slice('eip155:'.length));
    for (;;) {
      const nonce = this.#nonce++;
      const bytes = transferBytes({ chainId, nonce, ...fees, to, value: BigInt(withdrawal.amount) });
      try {
        await requestSignature(this.#transactions, id, bytes, [withdrawalId]);
        return this.#withdrawal(withdrawalId);
      } catch (error) {
        // Someone else's payment has that nonce: with a node, it would have said so.
        if (!(error instanceof Refused) || error.reason !== 'anchor-taken') {
          this.#nonce = nonce;
          throw error;
        }
      }
    }
  }

  async #withdrawal(withdrawalId: string): Promise<object> {
    const { withdrawal } = await call(this.#withdrawals, WithdrawalServiceService.getWithdrawal, { withdrawalId });
    if (withdrawal === undefined) throw new Error('the station answered without a withdrawal');
    const { id, asset, amount, destination, state, transactionId, operatorsNeeded } = withdrawal;
    const view = { id, asset, amount, destination, state: nameOf(WithdrawalState, state), operatorsNeeded };
    if (transactionId === '') return { ...view, transaction: null };
    const { transaction } = await call(this.#transactions, TransactionServiceService.getTransaction, { transactionId });
    if (transaction === undefined) throw new Error('the station answered without a transaction');
    return {
      ...view,
      transaction: {
        id: transactionId,
        state: nameOf(TransactionState, transaction.state),
        blockedBy: transaction.blockedBy,
        signed: transaction.signed.toString('hex'),
      },
    };
  }

  /** The station's time, after so many simulated seconds. */
  async #pass(seconds: number): Promise<string> {
    const { now } = await call(this.#time, TimeServiceService.advanceTime, { seconds: BigInt(seconds) });
    return now?.toISOString() ?? '';
  }
}

/** Ids are the exchange's own; unique on the station. */
const freshId = (kind: string): string => `${kind}-${randomBytes(5).toString('hex')}`;

const approved = (body: Body) => ({
  intent: Buffer.from(body.text('intent')),
  attestations: [attestationOf(body.assertion('assertion'))],
});

function nameOf(states: Readonly<Record<string, number>>, state: number): string {
  const [name] = Object.entries(states).find(([, value]) => value === state) ?? ['unspecified'];
  return name.toLowerCase();
}

function intentView(intent: Intent | undefined): { intent: string; digest: string } {
  if (intent === undefined) throw new Error('the station prepared no intent');
  return { intent: intent.canonical.toString('utf8'), digest: intent.digest.toString('base64url') };
}

interface Prepared {
  readonly intent: Intent | undefined;
  readonly rpId: string;
  readonly credentialIds: readonly string[];
  readonly wouldRefuse: readonly { readonly reason: string; readonly message: string }[];
  readonly warnings?: readonly string[];
}

function preparedView({ intent, rpId, credentialIds, wouldRefuse, warnings = [] }: Prepared): object {
  const reasons = wouldRefuse.map(({ reason, message }) => ({ reason, message }));
  return { ...intentView(intent), rpId, credentialIds, wouldRefuse: reasons, warnings };
}

function factorView({ id, kind, class: kept, state, notBefore }: Factor): object {
  return { id, kind, class: kept, state: nameOf(RipeningState, state), notBefore: notBefore?.toISOString() ?? null };
}

function destinationView({ entryId, destination, label, state, notBefore }: Destination): object {
  const ripening = { state: nameOf(RipeningState, state), notBefore: notBefore?.toISOString() ?? null };
  return { id: entryId, destination, label, ...ripening };
}
