/** Where a load balancer says that it serves, in the status of a Service or an Ingress (ValidateLoadBalancerStatus). */
import { checkDns1123Subdomain } from '../algebra/names.ts';
import { field } from '../errors.ts';
import { ipFamily, ipMessage } from './ip.ts';
import { addEach, type Faults } from './support.ts';

/** An address or a name, or both. */
export function addServedAt(
  faults: Faults,
  { ip = '', hostname = '' }: { readonly ip?: string; readonly hostname?: string },
  path: string,
): void {
  if (ip !== '' && ipFamily(ip) === undefined) faults.push(field.invalid(`${path}.ip`, ip, ipMessage));
  if (hostname === '') return;
  addEach(faults, `${path}.hostname`, hostname, checkDns1123Subdomain(hostname));
  if (ipFamily(hostname) === undefined) return;
  faults.push(field.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address'));
}
