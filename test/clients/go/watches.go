package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/utils/ptr"
)

var watchChecks = []check{
	{"a watch that begins with a list ends it with a bookmark", watchList},
	{"a reflector with a watch-list fills its store", reflector},
	{"a watch from too old a version is told to list", tooOld},
	{"UntilWithSync and a retrying watcher see what comes", untilWithSync},
	{"a watch ends at its time", timedWatch},
}

func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(context.Context) (bool, error) { return done() })
}

func fromJSON(raw []byte, into any) error { return json.Unmarshal(raw, into) }

func watchList(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	if _, err := maps.Create(ctx, configMap("initial", "x"), metav1.CreateOptions{}); err != nil {
		return err
	}
	defer maps.Delete(ctx, "initial", metav1.DeleteOptions{})
	stream, err := maps.Watch(ctx, metav1.ListOptions{
		SendInitialEvents: ptr.To(true), AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, LabelSelector: "of=client-go",
	})
	if err != nil {
		return err
	}
	defer stream.Stop()
	added := <-stream.ResultChan()
	marked := <-stream.ResultChan()
	if added.Type != watch.Added || marked.Type != watch.Bookmark {
		return fmt.Errorf("%v, then %v", added, marked)
	}
	m := marked.Object.(*corev1.ConfigMap)
	return must(m.Annotations[metav1.InitialEventsAnnotationKey] == "true" && m.ResourceVersion != "", "bookmark: %+v", m)
}

func reflector(ctx context.Context, w world) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	store := cache.NewStore(cache.MetaNamespaceKeyFunc)
	r := cache.NewReflector(cache.NewListWatchFromClient(w.clients.CoreV1().RESTClient(), "serviceaccounts", w.namespace, fields.Everything()),
		&corev1.ServiceAccount{}, store, 0)
	r.UseWatchList = ptr.To(true)
	go r.Run(ctx.Done())
	return until(ctx, func() (bool, error) { return len(store.List()) > 0 && r.LastSyncResourceVersion() != "", nil })
}

func tooOld(ctx context.Context, w world) error {
	stream, err := w.clients.CoreV1().ConfigMaps(w.namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: "1"})
	if err != nil {
		return must(apierrors.IsResourceExpired(err) || apierrors.IsGone(err), "%v", err)
	}
	defer stream.Stop()
	// A young cluster may still know all that happened.
	event := <-stream.ResultChan()
	if event.Type != watch.Error {
		return nil
	}
	return must(apierrors.IsResourceExpired(apierrors.FromObject(event.Object)), "%v", event.Object)
}

func untilWithSync(ctx context.Context, w world) error {
	maps := w.clients.CoreV1().ConfigMaps(w.namespace)
	defer maps.Delete(ctx, "awaited", metav1.DeleteOptions{})
	lw := &cache.ListWatch{
		ListFunc:  func(o metav1.ListOptions) (runtime.Object, error) { return maps.List(ctx, o) },
		WatchFunc: func(o metav1.ListOptions) (watch.Interface, error) { return maps.Watch(ctx, o) },
	}
	list, err := maps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	retrying, err := toolswatch.NewRetryWatcher(list.ResourceVersion, lw)
	if err != nil {
		return err
	}
	defer retrying.Stop()
	go func() {
		time.Sleep(200 * time.Millisecond)
		maps.Create(ctx, configMap("awaited", "x"), metav1.CreateOptions{})
	}()
	event, err := toolswatch.UntilWithSync(ctx, lw, &corev1.ConfigMap{}, nil, func(e watch.Event) (bool, error) {
		return e.Object.(*corev1.ConfigMap).Name == "awaited", nil
	})
	if err != nil {
		return err
	}
	again := <-retrying.ResultChan()
	return must(event.Type == watch.Added && again.Type == watch.Added, "%v %v", event, again)
}

func timedWatch(ctx context.Context, w world) error {
	stream, err := w.clients.CoreV1().ConfigMaps(w.namespace).Watch(ctx, metav1.ListOptions{TimeoutSeconds: ptr.To[int64](1)})
	if err != nil {
		return err
	}
	for event := range stream.ResultChan() {
		if event.Type == watch.Error {
			return fmt.Errorf("%v", event.Object)
		}
	}
	return ctx.Err()
}
