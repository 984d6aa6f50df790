/** Who may have certificates approved and signed, and what nobody may ask for (Kubernetes' CertificateApproval, CertificateSigning and CertificateSubjectRestriction admission). */
import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { forbidden, type JsonObject } from '@skiff/api';
import { objectAt, own, same, textAt } from '../patch/values.ts';
import type { AdmissionRequest, AdmissionStep } from '../registry/contract.ts';
import { nameOf } from '../registry/meta.ts';
import type { Authoriser } from './attributes.ts';

const group = 'certificates.k8s.io';
const clientSigner = 'kubernetes.io/kube-apiserver-client';

/** The authoriser is made after the registry whose writes are judged. */
export const signersStep = (authoriser: () => Authoriser): AdmissionStep => ({
  name: 'CertificateSigners',
  validate(request) {
    const { target, object } = request;
    const isRequest = target.group === group && target.resource === 'certificatesigningrequests';
    return isRequest && object !== undefined ? judge(authoriser, request, object) : undefined;
  },
});

async function judge(authoriser: () => Authoriser, request: AdmissionRequest, object: JsonObject): Promise<void> {
  const { target, oldObject, operation } = request;
  if (operation === 'CREATE' && target.subresource === '') refuseMasters(request, object);
  if (operation !== 'UPDATE' || oldObject === undefined) return;
  const verb = target.subresource === 'approval' ? 'approve' : 'sign';
  if (target.subresource !== 'approval' && !(target.subresource === 'status' && issues(object, oldObject))) return;
  // The signer that is asked is the one that is stored, whatever the update says.
  const signer = textAt(oldObject, 'spec', 'signerName');
  if (await mayUse(authoriser(), request, verb, signer)) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
  throw forbidden(target, nameOf(object), why);
}

const issues = (object: JsonObject, old: JsonObject): boolean =>
  ['certificate', 'conditions'].some((key) => !same(member(object, key), member(old, key)));

const member = (object: JsonObject, key: string) => own(objectAt(object, 'status') ?? {}, key);

/** Asks for the signer by its name, then for all of its domain. */
async function mayUse(authoriser: Authoriser, request: AdmissionRequest, verb: string, signer: string) {
  const [domain = ''] = signer.split('/');
  for (const name of [signer, `${domain}/*`]) {
    const asked = { group, version: '*', resource: 'signers', subresource: '', namespace: '', name, verb };
    const decision = await authoriser.decide(request.context.user, { type: 'resource', ...asked });
    if (decision.verdict === 'allow') return true;
  }
  return false;
}

/** A certificate of an administrator is nobody's to ask for. */
function refuseMasters({ target }: AdmissionRequest, object: JsonObject): void {
  if (textAt(object, 'spec', 'signerName') !== clientSigner) return;
  let organizations: readonly string[];
  try {
    const pem = Buffer.from(textAt(object, 'spec', 'request'), 'base64').toString('latin1');
    organizations = new Pkcs10CertificateRequest(pem).subjectName.getField('O');
  } catch (error) {
    throw forbidden(target, nameOf(object), `failed to parse CSR: ${(error as Error).message}`);
  }
  if (organizations.includes('system:masters'))
    throw forbidden(target, nameOf(object), `use of ${clientSigner} signer with system:masters group is not allowed`);
}
