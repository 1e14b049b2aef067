/** What the app calls the chains that it knows. On others it shows the number, and ??? for the coin. */
interface Network {
  readonly name: string;
  readonly ticker: string;
}

const unknownTicker = '???';

// biome-ignore format: a table
const networks = new Map<bigint, Network>([
  [1n, 'Ethereum', 'ETH'], [3n, 'Ropsten', 'ETH'], [4n, 'Rinkeby', 'ETH'], [5n, 'Goerli', 'ETH'],
  [10n, 'OP Mainnet', 'ETH'], [14n, 'Flare', 'FLR'], [16n, 'Flare Coston', 'FLR'], [19n, 'Songbird', 'SGB'],
  [24n, 'KardiaChain', 'KAI'], [25n, 'Cronos', 'CRO'], [30n, 'Rootstock', 'RBTC'], [40n, 'Telos EVM Mainnet', 'TLOS'],
  [42n, 'LUKSO', 'LYX'], [50n, 'XDC', 'XDC'], [51n, 'Apothemnetwork', 'TXDC'], [56n, 'BSC', 'BNB'],
  [57n, 'Syscoin', 'SYS'], [61n, 'Ethereum Classic', 'ETC'], [66n, 'OKXChain', 'OKT'], [82n, 'Meter', 'MTR'],
  [99n, 'POA', 'POA'], [100n, 'Gnosis', 'xDAI'], [106n, 'Velas EVM', 'VLX'], [137n, 'Polygon', 'POL'],
  [138n, 'Defi Oracle Meta', 'ETH'], [196n, 'OKBChain Mainnet', 'OKB'], [199n, 'BTTC', 'BTT'],
  [246n, 'EnergyWebChain', 'EWT'], [248n, 'Oasys', 'OAS'], [250n, 'Fantom', 'FTM'], [288n, 'Boba Network', 'ETH'],
  [300n, 'ZKsync Sepolia Testnet', 'ETH'], [321n, 'KCC', 'KCS'], [324n, 'ZKsync Era', 'ETH'], [336n, 'Shiden', 'SDN'],
  [369n, 'PulseChain', 'PLS'], [592n, 'Astar', 'ASTR'], [888n, 'Wanchain', 'WAN'], [943n, 'PulseChain Testnet', 'tPLS'],
  [1030n, 'Conflux', 'CFX'], [1088n, 'Metis Andromeda', 'METIS'], [1101n, 'Polygon zkEVM', 'ETH'], [1116n, 'Core', 'CORE'],
  [1135n, 'Lisk', 'ETH'], [1284n, 'Moonbeam', 'GLMR'], [1285n, 'Moonriver', 'MOVR'], [1818n, 'Cube', 'CUBE'],
  [1907n, 'Bitcichain', 'BITCI'], [2222n, 'Kava EVM', 'KAVA'], [3776n, 'Astar zkEVM', 'ETH'],
  [4201n, 'LUKSO Testnet', 'LYXt'], [4202n, 'Lisk Sepolia Testnet', 'ETH'], [4689n, 'IoTeX', 'IOTX'],
  [4690n, 'IoTeX Testnet', 'IOTX'], [4919n, 'Venidium', 'XVM'], [5000n, 'Mantle', 'MNT'], [5003n, 'Mantle Sepolia', 'MNT'],
  [7000n, 'ZetaChain', 'ZETA'], [7171n, 'Bitrock Mainnet', 'BROCK'], [7341n, 'Shyft', 'SHFT'],
  [8217n, 'Klaytn Cypress', 'KLAY'], [8453n, 'Base', 'ETH'], [9001n, 'Evmos', 'EVMOS'], [10200n, 'Chiado', 'xDAI'],
  [10507n, 'Numbers Protocol', 'NUM'], [17000n, 'Holesky', 'ETH'], [39797n, 'Energi', 'NRG'], [42161n, 'Arbitrum', 'ETH'],
  [42220n, 'Celo', 'CELO'], [42793n, 'Etherlink Mainnet', 'XTZ'], [43114n, 'Avalanche', 'AVAX'],
  [44787n, 'Celo Alfajores', 'aCELO'], [47763n, 'Neo X Mainnet', 'GAS'], [52014n, 'Electroneum', 'ETN'],
  [59141n, 'Linea Sepolia', 'ETH'], [59144n, 'Linea', 'ETH'], [60808n, 'BOB', 'ETH'], [62320n, 'Celo Baklava', 'bCELO'],
  [62621n, 'Multivac', 'MTV'], [73799n, 'Volta', 'VOLTA'], [81457n, 'Blast', 'ETH'], [84532n, 'Base Sepolia', 'ETH'],
  [153153n, 'Odyssey Chain', 'DIONE'], [200810n, 'Bitlayer Testnet', 'BTC'], [200901n, 'Bitlayer', 'BTC'],
  [421614n, 'Arbitrum Sepolia', 'ETH'], [534351n, 'Scroll Sepolia', 'ETH'], [534352n, 'Scroll', 'ETH'],
  [534353n, 'Scroll Alpha', 'ETH'], [543210n, 'Zero', 'ETH'], [5201420n, 'Electroneum Testnet', 'ETN'],
  [11155111n, 'Sepolia', 'ETH'], [11155420n, 'OP Sepolia', 'ETH'], [12227332n, 'Neo X Testnet', 'GAS'],
  [20531811n, 'TecraTestnet', 'TCR'], [20531812n, 'Tecra', 'TCR'], [168587773n, 'Blast Sepolia', 'ETH'],
  [245022926n, 'Neon EVM Devnet', 'NEON'], [245022934n, 'Neon EVM Mainnet', 'NEON'], [994873017n, 'Lumia', 'LUMIA'],
  [11297108109n, 'Palm Network', 'PALM'],
].map(([id, name, ticker]) => [BigInt(id ?? 0), { name: String(name), ticker: String(ticker) }]));

export const mainnet = 1n;

/** Undefined for a chain that the app doesn't know. */
export const networkName = (chainId: bigint): string | undefined => networks.get(chainId)?.name;

export const ticker = (chainId: bigint): string => networks.get(chainId)?.ticker ?? unknownTicker;
