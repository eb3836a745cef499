package nodes

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// What all drains together may ask of the API server. Waiting for a hundred pods to end asks a hundred times a second.
	maxPerSecond = 50
	maxAtOnce    = 100
	// callTimeout bounds one request.
	callTimeout = 30 * time.Second
)

// Client is the access that draining has to the cluster. It is one of its own, so that a drain of many pods takes nothing from the rate of
// the reconcilers; and since nodes and pods are large, it asks for protobuf.
func Client(config *rest.Config) (kubernetes.Interface, error) {
	own := rest.CopyConfig(config)
	own.QPS, own.Burst, own.RateLimiter = maxPerSecond, maxAtOnce, nil
	own.Timeout = callTimeout
	own.ContentType = runtime.ContentTypeProtobuf
	own.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	client, err := kubernetes.NewForConfig(own)
	if err != nil {
		return nil, fmt.Errorf("making a client for draining nodes: %w", err)
	}
	return client, nil
}
