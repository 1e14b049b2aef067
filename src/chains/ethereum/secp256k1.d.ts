// The package's main module falls back to a JavaScript curve without a word if its binary does not load. This entry fails.
declare module 'secp256k1/bindings.js' {
  import secp256k1 = require('secp256k1');
  export = secp256k1;
}
