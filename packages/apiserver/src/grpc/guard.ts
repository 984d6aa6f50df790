/** Health and reflection come from libraries that ask nobody who they are: this asks for them, before the library sees the call. */
import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { type Authenticate, anonymous } from '../chain/authenticate.ts';
import { certificateOf } from './credentials.ts';

/** An interceptor's word for "nothing to add". grpc-js' types ask for a layer around the call, which each of its messages would have to pass. */
export const asItIs = (call: ServerInterceptingCallInterface): ServerInterceptingCall => call as ServerInterceptingCall;

/** Methods of these packages are open to anyone who can show who they are. */
const guarded = '/grpc.';

/** Refuses anonymous callers of health and reflection with UNAUTHENTICATED; lets every other method pass. */
export function guardSideServices(authenticate: Authenticate): ServerInterceptor {
  return (method, call) => {
    if (!method.path.startsWith(guarded)) return asItIs(call);
    const gone = new AbortController();
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const [authorization] = metadata.get('authorization');
        const credentials = {
          certificate: certificateOf(call),
          authorization: typeof authorization === 'string' ? authorization : undefined,
        };
        const refuse = (): void => call.sendStatus({ code: status.UNAUTHENTICATED, details: 'Unauthorized' });
        authenticate(credentials, gone.signal).then(
          (user) => (user === anonymous ? refuse() : next(metadata)),
          () => refuse(),
        );
      })
      .withOnCancel(() => gone.abort())
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener)).build());
  };
}
