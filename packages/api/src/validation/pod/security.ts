/** Security contexts of pods and containers. */
import { checkUserOrGroupId } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { PodSecurityContext, PodSpec, SeccompProfile, SecurityContext } from '../../kinds/types.ts';
import { addEach, addUnsupportedIfSet, type Faults, type Loose } from '../support.ts';
import { addDescending } from './paths.ts';

function addId(faults: Faults, id: number | undefined, path: string): void {
  if (id !== undefined) addEach(faults, path, id, checkUserOrGroupId(id));
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/** Seccomp and AppArmor profiles have the same form. */
function addProfile(faults: Faults, profile: Loose<SeccompProfile> | undefined, isPath: boolean, path: string): void {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  if (type === undefined || type === '')
    faults.push(field.required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!profileTypes.includes(type)) faults.push(field.notSupported(`${path}.type`, type, profileTypes));
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile === undefined || localhostProfile === '') {
      const kind = isPath ? 'seccomp' : 'AppArmor';
      faults.push(field.required(at, `must be set when ${kind} type is Localhost`));
    } else if (isPath) addDescending(faults, localhostProfile, at);
    else if (localhostProfile.trim() !== localhostProfile) {
      faults.push(field.invalid(at, localhostProfile, 'must not be padded with whitespace'));
    }
  } else if (localhostProfile !== undefined) {
    faults.push(
      field.invalid(at, localhostProfile, `can only be set when ${isPath ? 'seccomp ' : ''}type is Localhost`),
    );
  }
}

export function addContainerSecurity(faults: Faults, context: Loose<SecurityContext> | undefined, path: string): void {
  if (context === undefined) return;
  addId(faults, context.runAsUser, `${path}.runAsUser`);
  addId(faults, context.runAsGroup, `${path}.runAsGroup`);
  addProfile(faults, context.seccompProfile, true, `${path}.seccompProfile`);
  addProfile(faults, context.appArmorProfile, false, `${path}.appArmorProfile`);
  addUnsupportedIfSet(faults, `${path}.procMount`, context.procMount, ['Default', 'Unmasked']);
  if (context.allowPrivilegeEscalation !== false) return;
  if (context.privileged === true) {
    const why = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
    faults.push(field.invalid(path, context, why));
  }
  if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
    const why = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
    faults.push(field.invalid(path, context, why));
  }
}

const sysctlPattern = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlRegExp = new RegExp(`^${sysctlPattern}$`);

export function addPodSecurity(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  const context = spec.securityContext;
  const at = `${path}.securityContext`;
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    faults.push(field.invalid(`${path}.shareProcessNamespace`, true, why));
  }
  if (context === undefined) return;
  addId(faults, context.fsGroup, `${at}.fsGroup`);
  addId(faults, context.runAsUser, `${at}.runAsUser`);
  addId(faults, context.runAsGroup, `${at}.runAsGroup`);
  for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
    addId(faults, group, `${at}.supplementalGroups[${index}]`);
  }
  addSysctls(faults, context, spec, at);
  addUnsupportedIfSet(faults, `${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  addUnsupportedIfSet(faults, `${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']);
  addProfile(faults, context.seccompProfile, true, `${at}.seccompProfile`);
  addProfile(faults, context.appArmorProfile, false, `${at}.appArmorProfile`);
}

function addSysctls(faults: Faults, context: Loose<PodSecurityContext>, spec: Loose<PodSpec>, path: string): void {
  const names = new Set<string>();
  for (const [index, sysctl] of (context.sysctls ?? []).entries()) {
    const at = `${path}.sysctls[${index}].name`;
    const name = sysctl.name ?? '';
    if (name === '') faults.push(field.required(at));
    else if (name.length > 253 || !sysctlRegExp.test(name)) {
      faults.push(field.invalid(at, name, `must have at most 253 characters and match regex ${sysctlPattern}`));
    } else if (names.has(name)) faults.push(field.duplicate(at, name));
    names.add(name);
    const dotted = name.replaceAll('/', '.');
    if (spec.hostNetwork === true && dotted.startsWith('net.')) {
      faults.push(field.invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    }
    if (spec.hostIPC === true && /^(?:kernel\.(?:sem$|shm|msg)|fs\.mqueue\.)/.test(dotted)) {
      faults.push(field.invalid(at, name, "may not be specified when 'hostIPC' is true"));
    }
  }
}
