/** What only containers of Windows understand, and yet has a form that is checked of every pod (validateWindowsSecurityContextOptions, validateWindowsHostProcessPod). */
import { checkDns1123Subdomain } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { PodSpec, WindowsSecurityContextOptions } from '../../kinds/types.ts';
import { addEach, bytesOf, type Faults, type Loose } from '../support.ts';
import { containersOf } from './system.ts';

const maxSpecKiB = 64;
const maxDomainBytes = 256;
const maxUserBytes = 104;

export function addWindowsOptions(
  faults: Faults,
  options: Loose<WindowsSecurityContextOptions> | undefined,
  path: string,
): void {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options ?? {};
  if (name !== undefined) addEach(faults, `${path}.gmsaCredentialSpecName`, name, checkDns1123Subdomain(name));
  const at = `${path}.gmsaCredentialSpec`;
  if (spec === '') faults.push(field.invalid(at, spec, 'gmsaCredentialSpec cannot be an empty string'));
  else if (bytesOf(spec ?? '') > maxSpecKiB * 1024)
    faults.push(field.invalid(at, spec, `gmsaCredentialSpec size must be under ${maxSpecKiB} KiB`));
  if (user !== undefined) addEach(faults, `${path}.runAsUserName`, user, checkUser(user));
}

const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dnsName = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);

/** What is wrong with `user` or `domain\user`. */
function checkUser(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if ([...name].some((character) => character < ' ' || character === '\u007f'))
    return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const [user = '', domain] = parts.toReversed();
  const messages: string[] = [];
  if (bytesOf(domain ?? '') >= maxDomainBytes)
    messages.push(`runAsUserName's Domain length must be under ${maxDomainBytes} characters`);
  // What is too long for either form is not tried against them.
  const isKnown =
    domain === undefined || (domain.length < maxDomainBytes && (netBios.test(domain) || dnsName.test(domain)));
  if (!isKnown) messages.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') messages.push("runAsUserName's User cannot be empty");
  else if (bytesOf(user) > maxUserBytes)
    messages.push(`runAsUserName's User length must not be longer than ${maxUserBytes} characters`);
  if (/^[. ]+$/.test(user)) messages.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    messages.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  return messages;
}

/** Containers that are processes of their host are so all together, and in its network. */
export function addHostProcesses(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = containersOf(spec, path).map(
    ([{ securityContext }, at]) => [securityContext?.windowsOptions?.hostProcess, at] as const,
  );
  for (const [own, at] of containers) {
    if (ofPod === undefined || own === undefined || own === ofPod) continue;
    const why = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
    faults.push(field.invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, why));
  }
  const count = containers.filter(([own]) => own ?? ofPod ?? false).length;
  if (count === 0) return;
  if (count < containers.length) {
    const why = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    faults.push(field.invalid(path, '', why));
  }
  if (spec.hostNetwork === true) return;
  const why = 'hostNetwork must be true if pod contains any hostProcess containers';
  faults.push(field.invalid(`${path}.hostNetwork`, false, why));
}
