import {
  type ChainId,
  hasDataFee,
  isTestNetwork,
  Malformed,
  parseChainId,
  parsePositiveAmount,
} from '../../domain/index.ts';
import { Members } from '../document.ts';
import { lessTightens, listed, moreTightens } from './change.ts';
import { inUnits } from './english.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

export interface ChainPolicy {
  readonly chain: ChainId;
  /** The most that one transaction may cost in fees, base units of the native asset. */
  readonly maxFee: bigint;
  /** The most per gas, wei. */
  readonly maxFeePerGas: bigint;
  /** Fees that the transaction does not state (rollups' data fees): the most that one may cost; 0n where there are none. */
  readonly dataFee: bigint;
  readonly accessListEntries: number;
}

export interface ChainsPart {
  readonly chains: ReadonlyMap<ChainId, ChainPolicy>;
}

export const chainsSection: Section<ChainsPart> = {
  title: 'Chains',
  parse: (top) => ({ chains: keyed(top.list('chains', parseChain), (c) => c.chain, top.at('chains')) }),
  changes: (was, will) =>
    listed('chains', was.chains, will.chains, {
      say: sayChain,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        ...lessTightens(`${member}.max_fee`, old.maxFee, fresh.maxFee),
        ...lessTightens(`${member}.max_fee_per_gas`, old.maxFeePerGas, fresh.maxFeePerGas),
        // It counts towards every ceiling: who assumes less of it lets the transaction itself cost more.
        ...moreTightens(`${member}.data_fee`, old.dataFee, fresh.dataFee),
        ...lessTightens(`${member}.access_list_entries`, old.accessListEntries, fresh.accessListEntries),
      ],
    }),
  say: ({ chains }) =>
    chains.size === 0 ? ['No chain is served.'] : [...chains.values()].map((chain) => `${sayChain(chain)}.`),
};

function sayChain({ chain, maxFee, maxFeePerGas, dataFee, accessListEntries }: ChainPolicy): string {
  const network = isTestNetwork(chain) ? 'a test network' : 'a main network';
  const data = dataFee === 0n ? '' : `, of which up to ${inUnits(dataFee, 18)} that it does not state`;
  const list = accessListEntries === 0 ? 'no access list' : `an access list of up to ${accessListEntries} entries`;
  return `On ${chain}, ${network}, a transaction may cost up to ${inUnits(maxFee, 18)} of the native asset in fees${data}, up to ${inUnits(maxFeePerGas, 9)} gwei per gas, and may have ${list}`;
}

function parseChain(value: unknown, place: string): ChainPolicy {
  const of = new Members(value, place);
  const chain = parseChainId(of.text('chain'), of.at('chain'));
  const dataFee = of.has('data_fee') ? parsePositiveAmount(of.text('data_fee'), of.at('data_fee')) : 0n;
  if (dataFee === 0n && hasDataFee(chain)) {
    throw new Malformed(of.at('data_fee'), `is missing: ${chain} charges fees that its transactions do not state`);
  }
  const result = {
    chain,
    dataFee,
    maxFee: parsePositiveAmount(of.text('max_fee'), of.at('max_fee')),
    maxFeePerGas: parsePositiveAmount(of.text('max_fee_per_gas'), of.at('max_fee_per_gas')),
    accessListEntries: of.count('access_list_entries', 0, 256),
  };
  of.done();
  return result;
}
