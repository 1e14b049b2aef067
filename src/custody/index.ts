import { signersOf, type TimeSource, type Wallet } from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';
import type { CheckpointSigner } from '../journal/checkpoint-signer.ts';
import type { Signer } from '../signers/signer.ts';
import type { JournalBehind } from '../store/failure.ts';
import { ActDesk } from './acts/desk.ts';
import type { EffectParts } from './acts/effect.ts';
import { checkOperatorKeys } from './acts/signatures.ts';
import { BackupDesk, type BackupSource } from './backups.ts';
import { Breaker } from './breaker.ts';
import { checkSpellings, checkWallets } from './chain.ts';
import type { Custody } from './custody.ts';
import { DestinationDesk } from './destinations.ts';
import { Dispatch } from './dispatch.ts';
import { FactorDesk } from './factors.ts';
import { foundedAt, JournalDesk } from './journal.ts';
import { nameJournalKey } from './journal-keys.ts';
import { followMetadata } from './metadata.ts';
import { checkAuthorities } from './models.ts';
import { NoticeDesk } from './notices.ts';
import { OnboardingDesk } from './onboarding.ts';
import { OperatorDesk } from './operators.ts';
import { Refusals } from './refusals.ts';
import { RemovalRate } from './removal-rate.ts';
import { Resealing } from './resealing.ts';
import { SpaceWatch } from './space-watch.ts';
import { Station, type StationParts } from './station.ts';
import { Timekeeper } from './timekeeper.ts';
import type { DispatchTiming } from './timing.ts';
import { TransactionDesk } from './transactions.ts';
import { TreasuryJudge } from './treasury.ts';
import { WalletScope } from './wallet-scope.ts';
import { WalletDesk } from './wallets.ts';
import { WithdrawalDesk } from './withdrawals.ts';
import type { WitnessedClock } from './witnessed-clock.ts';

export type { Custody } from './custody.ts';

export interface CustodyParts extends StationParts {
  readonly time: TimeSource;
  readonly clock: WitnessedClock;
  /** By the name that policy's wallets use. */
  readonly signers: ReadonlyMap<string, Signer>;
  readonly timing: DispatchTiming;
  /** Bytes that the station may still write beside its database; unlimited where absent. */
  readonly freeSpace?: () => number;
  /** As `EffectParts.fitting`; absent: every policy fits. */
  readonly fitting?: EffectParts['fitting'];
  /** The journal's keys, the newest first: each signs every checkpoint. */
  readonly journal: readonly CheckpointSigner[];
  /** Absent: no backup is made. */
  readonly backup?: BackupSource | undefined;
  /** Absent: nothing was published. */
  readonly published?: PublishedParts;
}

/** What was published of the journal. */
export interface PublishedParts {
  /** Verifier keys of the log: each that it named, and the config's. */
  readonly keys: readonly string[];
  /** Set where the journal does not go on from it. */
  readonly behind: JournalBehind | undefined;
  /** Keeps a checkpoint that the journal does not go on from, to be found at the next start. */
  readonly keep: (note: Uint8Array) => void;
}

/** A station at work: what it can be asked, and what it does by itself. */
export interface Running {
  readonly custody: Custody;
  readonly dispatch: Dispatch;
  readonly timekeeper: Timekeeper;
  /** What has to be on the record before anyone is served. Rejects where the station can't be run like this. */
  readonly ready: Promise<void>;
  /** The text of the policy in force. */
  policyDocument(): string;
  /** Called in the turn in which another policy takes effect. */
  onPolicy(listener: (policy: Policy) => void): void;
  /** What was published shows that the journal was put back or forked. */
  readonly fallBehind: (error: JournalBehind) => void;
  /** Tells what was only counted, and stops asking devices; what is in flight is found again at the next start. */
  close(): Promise<void>;
}

/** Puts the use-cases together and takes up what was in flight when the process last ended. */
export function startCustody(parts: CustodyParts): Running {
  checkWallets(parts.policy.wallets.values());
  checkSpellings(parts.policy);
  checkOperatorKeys(parts.policy);
  checkAuthorities(parts.policy);
  const station = new Station(parts);
  if (parts.published?.behind !== undefined) station.fallBehind(parts.published.behind);
  followMetadata(station);
  const breaker = new Breaker(station);
  const refusals = new Refusals(breaker);
  const dispatch = new Dispatch(station, parts.signers, parts.timing);
  const withdrawals = new WithdrawalDesk(station, refusals, breaker);
  const permitted = (wallet: Wallet): void => {
    for (const signer of signersOf(wallet)) dispatch.kick(signer);
  };
  const transactions = new TransactionDesk(station, withdrawals, refusals, breaker, permitted, dispatch.automatic);
  const effectParts: EffectParts = {
    station,
    readClock: () => parts.time.read(),
    foundedAt: () => foundedAt(parts.store),
    fitting: parts.fitting ?? (() => []),
  };
  const acts = new ActDesk(effectParts, refusals, () => dispatch.kickAll());
  const resealing = new Resealing(station, parts.timing.later);
  const removals = new RemovalRate();
  const custody: Custody = {
    withdrawals,
    withdrawalsOf: (client) => withdrawals.of(client),
    transactions,
    transactionsOf: (client) => new WalletScope(client, station, refusals, transactions),
    destinations: new DestinationDesk(station, refusals, removals),
    factors: new FactorDesk(station, refusals, removals),
    notices: new NoticeDesk(station, acts),
    journal: new JournalDesk(station, parts.journal, parts.published),
    backups: new BackupDesk(station, parts.backup),
    operators: new OperatorDesk(station, dispatch, resealing, () => parts.time.read()),
    acts,
    onboarding: new OnboardingDesk(station, refusals),
    wallets: new WalletDesk(station, parts.signers, (signer) => dispatch.kick(signer)),
  };
  const treasury = new TreasuryJudge(station);
  // Whoever permitted a transaction judges it again.
  dispatch.start(
    {
      again: (record) => (record.kind === 'payment' ? transactions.again(record) : treasury.again(record)),
    },
    breaker,
  );
  resealing.start();
  const space = new SpaceWatch(station, parts.freeSpace ?? (() => Number.POSITIVE_INFINITY));
  const timekeeper = new Timekeeper(station, refusals, breaker, parts.clock, acts, space);
  // Where the journal is another's, no key is named in it.
  const ready = station.store.behind === undefined ? nameJournalKey(station, parts.journal) : Promise.resolve();
  // Told to whoever waits for it.
  ready.catch(() => undefined);
  return {
    custody,
    dispatch,
    timekeeper,
    ready,
    policyDocument: () => station.policyDocument(),
    onPolicy: (listener) => station.onPolicy(listener),
    fallBehind: (error) => station.fallBehind(error),
    close: async () => {
      resealing.close();
      const told = timekeeper
        .close()
        .catch((error: unknown) => station.log('refusals-not-told', { error: String(error) }));
      await Promise.all([dispatch.close(), told]);
    },
  };
}
