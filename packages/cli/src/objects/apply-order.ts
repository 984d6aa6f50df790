/** In which order manifests are applied, and which of them bring kinds. Pure. */
import type { Manifest } from './files.ts';

interface DefinitionManifest extends Manifest {
  readonly spec?: { readonly group?: unknown; readonly names?: { readonly kind?: unknown } };
}

const isDefinition = ({ apiVersion, kind }: Manifest): boolean =>
  apiVersion.startsWith('apiextensions.k8s.io/') && kind === 'CustomResourceDefinition';

const rank = (manifest: Manifest): number =>
  isDefinition(manifest) || (manifest.apiVersion === 'v1' && manifest.kind === 'Namespace') ? 0 : 1;

/** What other objects need to be there, kinds and namespaces, comes first; the rest stays as it is written. */
export const inApplyOrder = (manifests: readonly Manifest[]): Manifest[] =>
  [...manifests].sort((a, b) => rank(a) - rank(b));

/** Whether one of the manifests defines the kind that `manifest` is of. */
export function isDefinedBy(manifests: readonly Manifest[], { apiVersion, kind }: Manifest): boolean {
  const [group] = apiVersion.split('/');
  return manifests.some((one) => {
    const { spec }: DefinitionManifest = one;
    return isDefinition(one) && spec?.group === group && spec?.names?.kind === kind;
  });
}
