package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
)

var informerChecks = []check{
	{"a shared informer follows its objects", informerFollows},
	{"informers of every common kind sync", informersSync},
	{"a dynamic informer follows a custom kind", dynamicInformer},
	{"leader election hands over", election},
	{"an event recorder counts", recorder},
}

func informerFollows(ctx context.Context, w world) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	factory := informers.NewSharedInformerFactoryWithOptions(w.clients, time.Second, informers.WithNamespace(w.namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "of=client-go" }))
	informer := factory.Core().V1().ConfigMaps()
	var added, updated, resynced, deleted atomic.Int32
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { added.Add(1) },
		UpdateFunc: func(before, after any) {
			if before.(*corev1.ConfigMap).ResourceVersion == after.(*corev1.ConfigMap).ResourceVersion {
				resynced.Add(1)
			} else {
				updated.Add(1)
			}
		},
		DeleteFunc: func(any) { deleted.Add(1) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	defer cancel()
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v did not sync", kind)
		}
	}
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	made, err := maps.Create(ctx, configMap("followed", "1"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := until(ctx, func() (bool, error) { return added.Load() == 1 && resynced.Load() > 0, nil }); err != nil {
		return fmt.Errorf("added %d, resynced %d: %w", added.Load(), resynced.Load(), err)
	}
	made.Data["word"] = "2"
	if _, err := maps.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := until(ctx, func() (bool, error) { return updated.Load() == 1, nil }); err != nil {
		return err
	}
	listed, err := informer.Lister().ConfigMaps(w.namespace).List(labels.Everything())
	if err != nil || len(listed) != 1 || listed[0].Data["word"] != "2" {
		return fmt.Errorf("listed %v, %v", listed, err)
	}
	if err := maps.Delete(ctx, "followed", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) { return deleted.Load() == 1, nil })
}

func informersSync(ctx context.Context, w world) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	factory := informers.NewSharedInformerFactory(w.clients, 0)
	all := []cache.SharedIndexInformer{
		factory.Core().V1().Nodes().Informer(), factory.Core().V1().Pods().Informer(), factory.Core().V1().Services().Informer(),
		factory.Core().V1().Endpoints().Informer(), factory.Core().V1().Secrets().Informer(), factory.Core().V1().Events().Informer(),
		factory.Core().V1().Namespaces().Informer(), factory.Core().V1().ServiceAccounts().Informer(),
		factory.Core().V1().PersistentVolumes().Informer(), factory.Core().V1().PersistentVolumeClaims().Informer(),
		factory.Apps().V1().Deployments().Informer(), factory.Apps().V1().ReplicaSets().Informer(), factory.Apps().V1().DaemonSets().Informer(),
		factory.Apps().V1().StatefulSets().Informer(), factory.Apps().V1().ControllerRevisions().Informer(), factory.Batch().V1().Jobs().Informer(),
		factory.Batch().V1().CronJobs().Informer(), factory.Discovery().V1().EndpointSlices().Informer(), factory.Coordination().V1().Leases().Informer(),
		factory.Networking().V1().Ingresses().Informer(), factory.Networking().V1().IngressClasses().Informer(),
		factory.Networking().V1().NetworkPolicies().Informer(), factory.Policy().V1().PodDisruptionBudgets().Informer(),
		factory.Autoscaling().V2().HorizontalPodAutoscalers().Informer(), factory.Autoscaling().V1().HorizontalPodAutoscalers().Informer(),
		factory.Rbac().V1().Roles().Informer(), factory.Rbac().V1().RoleBindings().Informer(), factory.Rbac().V1().ClusterRoles().Informer(),
		factory.Rbac().V1().ClusterRoleBindings().Informer(), factory.Storage().V1().StorageClasses().Informer(), factory.Storage().V1().CSINodes().Informer(),
		factory.Storage().V1().CSIDrivers().Informer(), factory.Storage().V1().VolumeAttachments().Informer(), factory.Storage().V1().CSIStorageCapacities().Informer(),
		factory.Scheduling().V1().PriorityClasses().Informer(), factory.Node().V1().RuntimeClasses().Informer(), factory.Events().V1().Events().Informer(),
		factory.Certificates().V1().CertificateSigningRequests().Informer(), factory.Flowcontrol().V1().FlowSchemas().Informer(),
		factory.Flowcontrol().V1().PriorityLevelConfigurations().Informer(), factory.Admissionregistration().V1().ValidatingWebhookConfigurations().Informer(),
		factory.Admissionregistration().V1().MutatingWebhookConfigurations().Informer(), factory.Admissionregistration().V1().ValidatingAdmissionPolicies().Informer(),
		factory.Admissionregistration().V1().ValidatingAdmissionPolicyBindings().Informer(), factory.Core().V1().LimitRanges().Informer(),
		factory.Core().V1().ResourceQuotas().Informer(), factory.Core().V1().PodTemplates().Informer(), factory.Core().V1().ReplicationControllers().Informer(),
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	defer cancel()
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v did not sync", kind)
		}
	}
	return must(len(all[0].GetStore().List()) > 0, "no nodes")
}

func dynamicInformer(ctx context.Context, w world) error {
	return withGadgets(ctx, w, func(client dynamic.Interface) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, w.namespace, nil)
		informer := factory.ForResource(gadgets)
		store := informer.Informer().GetStore()
		factory.Start(ctx.Done())
		defer factory.Shutdown()
		defer cancel()
		factory.WaitForCacheSync(ctx.Done())
		mine := client.Resource(gadgets).Namespace(w.namespace)
		if _, err := mine.Create(ctx, gadget("seen", 1), metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := until(ctx, func() (bool, error) { return len(store.List()) == 1, nil }); err != nil {
			return err
		}
		if err := mine.Delete(ctx, "seen", metav1.DeleteOptions{}); err != nil {
			return err
		}
		return until(ctx, func() (bool, error) { return len(store.List()) == 0, nil })
	})
}

func election(ctx context.Context, w world) error {
	led := make(chan string, 2)
	run := func(ctx context.Context, who string) {
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Name: "lock", Namespace: w.namespace},
				Client:     w.clients.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: who},
			},
			ReleaseOnCancel: true, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 300 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { led <- who },
				OnStoppedLeading: func() {},
			},
		})
	}
	first, endFirst := context.WithCancel(ctx)
	second, endSecond := context.WithCancel(ctx)
	defer endSecond()
	defer endFirst()
	go run(first, "first")
	if who := <-led; who != "first" {
		return fmt.Errorf("%s leads", who)
	}
	go run(second, "second")
	endFirst()
	select {
	case who := <-led:
		endSecond()
		return must(who == "second", "%s leads", who)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func recorder(ctx context.Context, w world) error {
	m, err := w.clients.CoreV1().ConfigMaps(w.namespace).Create(ctx, configMap("told", "x"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer w.clients.CoreV1().ConfigMaps(w.namespace).Delete(ctx, "told", metav1.DeleteOptions{})
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: w.clients.CoreV1().Events(w.namespace)})
	r := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "client-go"})
	m.Kind, m.APIVersion = "ConfigMap", "v1"
	r.Event(m, corev1.EventTypeNormal, "Told", "twice")
	r.Event(m, corev1.EventTypeNormal, "Told", "twice")
	return until(ctx, func() (bool, error) {
		list, err := w.clients.CoreV1().Events(w.namespace).List(ctx, metav1.ListOptions{
			FieldSelector: "involvedObject.uid=" + string(m.UID) + ",reason=Told",
		})
		return err == nil && len(list.Items) == 1 && list.Items[0].Count == 2, err
	})
}
