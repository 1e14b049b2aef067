import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Config } from './config.ts';
import { type AssetId, type ChainId, chainOfAsset, day, isTestNetwork, Malformed } from './domain/index.ts';
import type { Policy } from './gate/policy.ts';

// What a station that names a main network must have. Without what is demanded it does not start, and takes no such policy; what is
// advised, "portcullis doctor" asks for.

/** What `init` makes for other machines: the CA's key, and clients' certificates. */
export const takeAway = 'take-away';

/** All that the rules look at. */
export interface AtStake {
  readonly policy: Policy;
  readonly config: Pick<Config, 'data' | 'tiles' | 'kept' | 'object' | 'keys' | 'signers'>;
  readonly simulated: boolean;
  /** The folder of `init`'s that should have been carried away, where it is still there. */
  readonly takeAway: string | undefined;
}

/** What a rule found; where it is not as it must be, what to do. */
export type Judged = { readonly ok: boolean; readonly found: string; readonly mend: string };

export interface MainNetworkRule {
  readonly name: string;
  /** Whether the station runs without. */
  readonly demand: 'demanded' | 'advised';
  judge(of: AtStake): Judged;
}

/** The policy's main networks. */
export function mainNetworks({ chains }: Pick<Policy, 'chains'>): readonly ChainId[] {
  return [...chains.keys()].filter((chain) => !isTestNetwork(chain));
}

export const mainNetworkRules: readonly MainNetworkRule[] = [
  {
    // S5: no one person decides.
    name: 'operators',
    demand: 'demanded',
    judge({ policy: { operators } }) {
      const mend = 'Found operators in the policy: any M of N, M at least 2 and N more, in both quorums.';
      if (operators === undefined) return { ok: false, found: 'the policy has none', mend };
      const quorums = [operators, operators.recovery];
      const ok = quorums.every(({ quorum, people }) => quorum >= 2 && people.length > quorum);
      return {
        ok,
        found: quorums.map(({ quorum, people }) => `${quorum} of ${people.length}`).join('; recovery '),
        mend,
      };
    },
  },
  {
    // A1: whatever else attests, a person held an authenticator of the account's; WebAuthn counts with user verification only.
    name: 'evidence',
    demand: 'demanded',
    judge: ({ policy: { evidence } }) => ({
      ok: evidence.webauthn >= 1,
      found: `an approval takes ${evidence.webauthn} WebAuthn assertions, with user verification`,
      mend: 'Set evidence.webauthn to 1 at least: an MFA service beside it, not instead.',
    }),
  },
  {
    // I3. The policy's parser refuses it, too.
    name: 'delays',
    demand: 'demanded',
    judge({ policy: { ripening } }) {
      const hours = (ms: number): string => `${ms / 3_600_000} h`;
      const { factor, destination } = ripening;
      return {
        ok: factor >= day && destination >= day,
        found: `a factor waits ${hours(factor)}, a destination ${hours(destination)}`,
        mend: 'Set ripening.factor and ripening.destination to 24h at least.',
      };
    },
  },
  {
    // S3: what one account pays is bounded by itself; what a thief of many drains, only by what counts them together.
    name: 'limits',
    demand: 'demanded',
    judge({ policy: { assets, limits } }) {
      const counted = limits.filter(({ scope, young }) => scope !== 'account' && young === undefined);
      const covers = (asset: AssetId): boolean =>
        counted.some((limit) => limit.asset === undefined || limit.asset === asset);
      const open = [...assets.keys()].filter((asset) => !isTestNetwork(chainOfAsset(asset)) && !covers(asset));
      return {
        ok: open.length === 0,
        found:
          open.length === 0 ? 'each asset has one that counts all accounts together' : `none on ${open.join(', ')}`,
        mend: 'Give each asset a limit of scope wallet, asset or station, in its own units or in reference currency, not of young payments only.',
      };
    },
  },
  {
    // S11: else whoever replaces a file on the station admits clients.
    name: 'clients’ authorities',
    demand: 'demanded',
    judge({ policy: { clients } }) {
      const named = clients?.authorities.length ?? 0;
      return {
        ok: named > 0,
        found: named > 0 ? `the policy names ${named}` : 'the policy names none: the CA file alone decides',
        mend: 'Name the CA’s fingerprint in policy.clients.authorities.',
      };
    },
  },
  {
    name: 'time',
    demand: 'demanded',
    judge: ({ simulated }) => ({
      ok: !simulated,
      found: simulated ? 'it is simulated' : 'the machine’s',
      mend: 'Found a station with "portcullis init": one with simulated time stays one.',
    }),
  },
  {
    name: 'emulated signers',
    demand: 'demanded',
    judge({ config: { signers } }) {
      const emulated = signers.filter((one) => one.kind === 'ledger' && one.transport.kind === 'speculos');
      return {
        ok: emulated.length === 0,
        found: emulated.length === 0 ? 'none' : emulated.map(({ name }) => name).join(', '),
        mend: 'Take them out of the config: an emulated device signs for whoever asks it.',
      };
    },
  },
  keyApart('state key', ({ state }) => [state]),
  keyApart('journal key', ({ journal }) => journal),
  keyApart('sealing keys', ({ sealing }) => sealing),
  {
    // S4: whoever puts the whole data folder back to an older state puts back what lies in it, too.
    name: 'journal’s second place',
    demand: 'demanded',
    judge({ policy: { witnesses }, config }) {
      const names = witnesses?.keys.length ?? 0;
      const elsewhere = !isWithin(config.data, config.tiles);
      const found = [
        ...(names > 0 ? [`${names} ${names === 1 ? 'witness' : 'witnesses'}`] : []),
        ...(elsewhere ? [config.tiles] : []),
        ...config.kept,
        ...(config.object === undefined ? [] : [`the HSM ${config.object.signer}`]),
      ];
      return {
        ok: found.length > 0,
        found:
          found.length > 0 ? found.join(', ') : 'checkpoints lie in the data folder only, and no witness sees them',
        mend: 'Publish the journal on another disk (config: journal: { kept: [FILE] } or { tiles: PATH }), in an HSM ({ object: { hsm: NAME } }), or name a witness in policy.witnesses.',
      };
    },
  },
  {
    name: 'CA’s key',
    demand: 'demanded',
    judge: ({ takeAway }) => ({
      ok: takeAway === undefined,
      found: takeAway === undefined ? 'not on the station' : `${takeAway} is still on the station`,
      mend: 'Carry it to another machine and delete it here: whoever has the CA’s key can be any client.',
    }),
  },
  {
    name: 'circuit breaker',
    demand: 'advised',
    judge: ({ policy: { breaker } }) => ({
      ok: breaker.length > 0,
      found: breaker.length > 0 ? `${breaker.length} rules` : 'none: nothing freezes by itself',
      mend: 'Give the policy a breaker: "portcullis init --print-policy" has one.',
    }),
  },
  {
    name: 'large withdrawals',
    demand: 'advised',
    judge({ policy: { bands, limits, hours } }) {
      const ok =
        bands.some(({ operators }) => operators > 0) ||
        limits.some(({ action }) => action === 'hold') ||
        hours?.action === 'hold';
      return {
        ok,
        found: ok ? 'some are held for operators' : 'none is held for operators, whatever its size',
        mend: 'Give the policy bands that demand operators above an amount.',
      };
    },
  },
  {
    name: 'refuge',
    demand: 'advised',
    judge({ policy }) {
      const bare = mainNetworks(policy).filter(
        (chain) => !policy.treasury.some(({ address }) => address.startsWith(`${chain}:`)),
      );
      return {
        ok: bare.length === 0,
        found:
          bare.length === 0
            ? 'each main network has a treasury address'
            : `nowhere to move coins to on ${bare.join(', ')}`,
        mend: 'List a cold wallet’s address in policy.treasury: it ripens before it is needed.',
      };
    },
  },
  {
    name: 'witness',
    demand: 'advised',
    judge({ policy: { witnesses } }) {
      const ok = witnesses?.large !== undefined;
      return {
        ok,
        found: ok
          ? 'large withdrawals wait for a cosigned checkpoint'
          : 'no withdrawal waits for a cosigned checkpoint',
        mend: 'Name witnesses and large_withdrawals in policy.witnesses: a station that was put back then signs nothing large.',
      };
    },
  },
  {
    name: 'keys at rest',
    demand: 'advised',
    judge({ config: { keys } }) {
      const plain = [
        ...[keys.state].filter(({ kind }) => kind === 'file').map(() => 'the state key'),
        ...[...keys.sealing].filter(({ kind }) => kind === 'file').map(() => 'a sealing key'),
      ];
      return {
        ok: plain.length === 0,
        found: plain.length === 0 ? 'opened by systemd or an HSM' : `${plain.join(', ')}: plain on the disk`,
        mend: 'Let systemd (credential) or an HSM open them: docs/station.md, "Keys".',
      };
    },
  },
];

/** Judges by every rule; nothing where the policy names no main network. */
export function judgeMainNetworks(of: AtStake): readonly (Judged & Omit<MainNetworkRule, 'judge'>)[] {
  if (mainNetworks(of.policy).length === 0) return [];
  return mainNetworkRules.map((rule) => ({ name: rule.name, demand: rule.demand, ...rule.judge(of) }));
}

/** Throws `Malformed` that names everything demanded which is missing. */
export function checkMainNetworks(of: AtStake): void {
  const missing = lacking(of);
  if (missing.length === 0) return;
  const main = mainNetworks(of.policy).join(', ');
  throw new Malformed(
    'policy.chains',
    `it names ${main}, and a station for a main network lacks: ${missing.join('; ')}. "portcullis doctor" says how to mend it`,
  );
}

/** What is demanded and not there: `operators (the policy has none)`. */
export function lacking(of: AtStake): string[] {
  return judgeMainNetworks(of).flatMap(({ name, demand, ok, found }) =>
    demand === 'demanded' && !ok ? [`${name} (${found})`] : [],
  );
}

/** What the rules look at, of a station as it lies on the disk. */
export function atStake(policy: Policy, config: Config, simulated: boolean): AtStake {
  return { policy, config, simulated, takeAway: takeAwayLeft(config) };
}

/** Where what `init` made for other machines is still on the station. */
export function takeAwayLeft({ file, data }: Pick<Config, 'file' | 'data'>): string | undefined {
  return [join(dirname(file), takeAway), join(data, takeAway)].find((path) => existsSync(path));
}

/** H: a copy or a backup of the data folder must not bring the key with it that authenticates, or signs for, what is in it. */
function keyApart(
  name: string,
  keys: (of: Config['keys']) => readonly { readonly kind: string; readonly file?: string }[],
): MainNetworkRule {
  return {
    name,
    demand: 'demanded',
    judge({ config }) {
      const within = keys(config.keys).flatMap(({ kind, file }) =>
        kind === 'file' && file !== undefined && isWithin(config.data, file) ? [file] : [],
      );
      return {
        ok: within.length === 0,
        found: within.length === 0 ? 'apart from the data' : `${within.join(', ')} lies in the data folder`,
        mend: `Move it out of ${config.data}, and name its new place in the config.`,
      };
    },
  };
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(real(folder), real(path));
  return way !== '..' && !way.startsWith(`..${sep}`);
}

/** As far as it is there: links do not lead back into the folder unseen. */
function real(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const above = dirname(path);
  return above === path ? path : join(real(above), relative(above, path));
}
