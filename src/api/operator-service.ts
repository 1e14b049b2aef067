import type { Operators, WalletView } from '../custody/custody.ts';
import {
  type FreezeRecord,
  type FreezeScope,
  Malformed,
  parseAccountId,
  parseAddress,
  parseAssetId,
  parseChainId,
  parseWalletId,
  parseWhy,
  shown,
} from '../domain/index.ts';
import { type FreezeState, OperatorServiceService, type WalletState } from '../generated/portcullis/v1/operator.ts';
import { operatorRights } from './rights.ts';
import { bind, type Service } from './service.ts';

function parseScope(value: string, field: string): FreezeScope {
  if (value === 'station') return 'station';
  const colon = value.indexOf(':');
  const [kind, subject] = [value.slice(0, Math.max(colon, 0)), value.slice(colon + 1)];
  switch (kind) {
    case 'wallet':
      return `wallet:${parseWalletId(subject, field)}`;
    case 'account':
      return `account:${parseAccountId(subject, field)}`;
    case 'chain':
      return `chain:${parseChainId(subject, field)}`;
    case 'asset':
      return `asset:${parseAssetId(subject, field)}`;
    case 'destination':
      return `destination:${parseAddress(subject, field)}`;
    default: {
      const expected = 'expected station, wallet:…, account:…, chain:…, asset:… or destination:…';
      throw new Malformed(field, `${expected}, got ${shown(value)}`);
    }
  }
}

function freezeMessage({ scope, who, why, since }: FreezeRecord): FreezeState {
  return { scope, who, why, since: new Date(since) };
}

function walletMessage({ id, address, nextNonce, readiness }: WalletView): WalletState {
  return {
    wallet: id,
    address,
    nextNonce: BigInt(nextNonce),
    ready: readiness.ready,
    reason: readiness.ready ? '' : readiness.reason,
    message: readiness.ready ? '' : readiness.message,
  };
}

/** `OperatorService` of the API, spoken to custody. Who acts is the name in the caller's certificate, nothing sent. */
export function operatorService(operators: Operators): Service {
  return bind(OperatorServiceService, operatorRights, {
    getStation: () => {
      const view = operators.station();
      return {
        station: view.station,
        policyHash: view.policy,
        simulatedTime: view.simulatedTime,
        now: new Date(view.now),
        witnessedMs: BigInt(Math.floor(view.w)),
        clockSuspect: view.clockSuspect,
        freezes: view.freezes.map(freezeMessage),
        wallets: view.wallets.map(walletMessage),
        noticesWaiting: BigInt(view.noticesWaiting),
        journalSize: BigInt(view.journalSize),
      };
    },
    freeze: async (request, { name }) => ({
      freeze: freezeMessage(
        await operators.freeze(parseScope(request.scope, 'scope'), name, parseWhy(request.why, 'why')),
      ),
    }),
    thaw: async (request, { name }) => {
      await operators.thaw(parseScope(request.scope, 'scope'), name, parseWhy(request.why, 'why'));
      return {};
    },
    acknowledgeClock: async (request, { name }) => {
      await operators.acknowledgeClock(name, parseWhy(request.why, 'why'));
      return {};
    },
  });
}
