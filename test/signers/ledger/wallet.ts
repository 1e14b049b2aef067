import { type AccountWallet, parseAddress, parseChainId, parseWalletId } from '../../../src/domain/index.ts';

/** Where the test key is. */
export const testPath = "m/44'/60'/0'/0/0";

/** The key at the first path of Speculos' default seed: a test key that everybody has. */
export const testWallet: AccountWallet = {
  kind: 'account',
  id: parseWalletId('test', 'wallet'),
  chain: parseChainId('eip155:31337', 'chain'),
  signer: 'ledger',
  key: { kind: 'derived', path: testPath },
  address: parseAddress('eip155:31337:0xDad77910DbDFdE764fC21FCD4E74D71bBACA6D8D', 'address'),
  publicKey: '02ef5b152e3f15eb0c50c9916161c2309e54bd87b9adce722d69716bcdef85f547',
  firstNonce: 0,
};

/** Ethereum app 1.22.0's own answers about that key (recorded). */
export const answers = {
  appAndVersion: '0108457468657265756d06312e32322e300102',
  address:
    '4104ef5b152e3f15eb0c50c9916161c2309e54bd87b9adce722d69716bcdef85f547678e15ab40a78919c7284e67a17ee9a96e8b9886b60f767d93023bac8dbc16e42844616437373931304462444664453736346643323146434434453734443731624241434136443844',
};
