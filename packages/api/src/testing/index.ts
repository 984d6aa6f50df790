/** What tests of other packages make documents with. */
export { filled, filledDocument } from './filled.ts';
export { manifests, usualManifests } from './manifests.ts';
