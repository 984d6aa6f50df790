/** Security contexts of pods and containers. */
import { checkUserOrGroupId } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../../kinds/types.ts';
import { addEach, addUnsupportedIfSet, bytesOf, type Faults, type Loose } from '../support.ts';
import { addDescending } from './paths.ts';
import { addWindowsOptions } from './windows.ts';

function addId(faults: Faults, id: number | undefined, path: string): void {
  if (id !== undefined) addEach(faults, path, id, checkUserOrGroupId(id));
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function addProfileType(faults: Faults, type: string | undefined, name: string, path: string): void {
  if (type === undefined || type === '') faults.push(field.required(path, `type is required when ${name} is set`));
  else if (!profileTypes.includes(type)) faults.push(field.notSupported(path, type, profileTypes));
}

function addSeccomp(faults: Faults, profile: Loose<SeccompProfile> | undefined, path: string): void {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  addProfileType(faults, type, 'seccompProfile', `${path}.type`);
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    // Kubernetes takes '' too, which is the folder of all profiles.
    if (localhostProfile === undefined || localhostProfile === '') {
      faults.push(field.required(at, 'must be set when seccomp type is Localhost'));
    } else addDescending(faults, localhostProfile, at);
  } else if (localhostProfile !== undefined) {
    faults.push(field.invalid(at, localhostProfile, 'can only be set when seccomp type is Localhost'));
  }
}

/** The longest path a host has, in bytes. */
const maxAppArmorProfile = 4095;

function addAppArmor(faults: Faults, profile: Loose<AppArmorProfile> | undefined, path: string): void {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  addProfileType(faults, type, 'appArmorProfile', `${path}.type`);
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if ((localhostProfile ?? '') === '') {
      faults.push(field.required(at, 'must be set when AppArmor type is Localhost'));
    } else if (localhostProfile?.trim() !== localhostProfile) {
      faults.push(field.invalid(at, localhostProfile, 'must not be padded with whitespace'));
    }
    if (bytesOf(localhostProfile ?? '') > maxAppArmorProfile) faults.push(field.tooLong(at, maxAppArmorProfile));
  } else if (localhostProfile !== undefined && (type === 'RuntimeDefault' || type === 'Unconfined')) {
    faults.push(field.invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost'));
  }
}

export function addContainerSecurity(
  faults: Faults,
  context: Loose<SecurityContext> | undefined,
  hostUsers: boolean,
  path: string,
): void {
  if (context === undefined) return;
  addId(faults, context.runAsUser, `${path}.runAsUser`);
  addId(faults, context.runAsGroup, `${path}.runAsGroup`);
  addUnsupportedIfSet(faults, `${path}.procMount`, context.procMount, ['Default', 'Unmasked']);
  if (hostUsers && context.procMount === 'Unmasked') {
    faults.push(field.invalid(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  addSeccomp(faults, context.seccompProfile, `${path}.seccompProfile`);
  addEscalation(faults, context, path);
  addWindowsOptions(faults, context.windowsOptions, `${path}.windowsOptions`);
  addAppArmor(faults, context.appArmorProfile, `${path}.appArmorProfile`);
}

/** Who may do all may also escalate. */
function addEscalation(faults: Faults, context: Loose<SecurityContext>, path: string): void {
  if (context.allowPrivilegeEscalation !== false) return;
  const refuse = (what: string): void =>
    void faults.push(field.invalid(path, context, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`));
  if (context.privileged === true) refuse('`privileged` to true');
  if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) refuse('`capabilities.Add` CAP_SYS_ADMIN');
}

const sysctlPattern = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlRegExp = new RegExp(`^${sysctlPattern}$`);

export function addPodSecurity(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  const context = spec.securityContext ?? {};
  const at = `${path}.securityContext`;
  addId(faults, context.fsGroup, `${at}.fsGroup`);
  addId(faults, context.runAsUser, `${at}.runAsUser`);
  addId(faults, context.runAsGroup, `${at}.runAsGroup`);
  for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
    addId(faults, group, `${at}.supplementalGroups[${index}]`);
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    faults.push(field.invalid(`${at}.shareProcessNamespace`, true, why));
  }
  addSysctls(faults, context, spec, at);
  addUnsupportedIfSet(faults, `${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  addSeccomp(faults, context.seccompProfile, `${at}.seccompProfile`);
  addWindowsOptions(faults, context.windowsOptions, `${at}.windowsOptions`);
  addAppArmor(faults, context.appArmorProfile, `${at}.appArmorProfile`);
  addUnsupportedIfSet(faults, `${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']);
}

/** Users of its own, and namespaces of the host, do not go together. Paths are Kubernetes'. */
export function addHostUsers(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `pod.Spec.HostUsers` is false';
  if (spec.hostNetwork === true) faults.push(field.forbidden(`${path}.hostNetwork`, why));
  if (spec.hostPID === true) faults.push(field.forbidden(`${path}.HostPID`, why));
  if (spec.hostIPC === true) faults.push(field.forbidden(`${path}.HostIPC`, why));
}

function addSysctls(faults: Faults, context: Loose<PodSecurityContext>, spec: Loose<PodSpec>, path: string): void {
  const names = new Set<string>();
  for (const [index, sysctl] of (context.sysctls ?? []).entries()) {
    const at = `${path}.sysctls[${index}].name`;
    const name = sysctl.name ?? '';
    if (name === '') faults.push(field.required(at));
    else if (name.length > 253 || !sysctlRegExp.test(name)) {
      faults.push(field.invalid(at, name, `must have at most 253 characters and match regex ^${sysctlPattern}$`));
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
