declare module 'spdy-transport/lib/spdy-transport/protocol/spdy/dictionary.js' {
  /** SPDY's fixed header dictionaries by major version. */
  const dictionaries: { readonly 2: Buffer; readonly 3: Buffer };
  export default dictionaries;
}
