// What controllers and tools written with client-go do, checked one by one against a running cluster.
//
// Prints a line for each check, "ok NAME" or "not ok NAME: why", and ends with 1 if any failed. It works in a namespace of its own,
// with the kubeconfig that KUBECONFIG names. A word as argument chooses the checks that have it in their names.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Where a check works.
type world struct {
	config    *rest.Config
	clients   kubernetes.Interface
	namespace string
}

type check struct {
	name string
	run  func(ctx context.Context, w world) error
}

func main() {
	checks := []check{}
	for _, some := range [][]check{typedChecks, dynamicChecks, informerChecks, streamChecks, applyChecks, watchChecks} {
		checks = append(checks, some...)
	}
	failed := 0
	remove, err := ownNamespace()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, encoding := range []string{"application/json", "application/vnd.kubernetes.protobuf"} {
		w, err := connect(encoding)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		for _, c := range checks {
			if len(os.Args) > 1 && !strings.Contains(c.name, os.Args[1]) {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			err := c.run(ctx, w)
			cancel()
			name := c.name + ", " + encoding[strings.LastIndexAny(encoding, "/.")+1:]
			if err != nil {
				failed++
				fmt.Printf("not ok %s: %v\n", name, err)
			} else {
				fmt.Printf("ok %s\n", name)
			}
		}
	}
	remove()
	if failed > 0 {
		os.Exit(1)
	}
}

const namespace = "client-go"

func ownNamespace() (remove func(), err error) {
	w, err := connect("application/json")
	if err != nil {
		return nil, err
	}
	namespaces := w.clients.CoreV1().Namespaces()
	named := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	_, err = namespaces.Create(context.Background(), named, metav1.CreateOptions{})
	return func() { namespaces.Delete(context.Background(), namespace, metav1.DeleteOptions{}) }, err
}

// A connection whose typed clients speak one encoding.
func connect(encoding string) (world, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return world{}, err
	}
	config.QPS, config.Burst = 200, 400
	config.ContentType = encoding
	if encoding != "application/json" {
		config.AcceptContentTypes = encoding + ",application/json"
	}
	clients, err := kubernetes.NewForConfig(config)
	return world{config, clients, namespace}, err
}

// An error unless it holds.
func must(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}
