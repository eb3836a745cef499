package nodes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	policyclient "k8s.io/client-go/kubernetes/typed/policy/v1"
)

// maxNamed bounds how many pods a message names.
const maxNamed = 3

// evictions are what became of the pods of a node in one attempt. The drain package tries again by itself and says why on a stream of text
// only, so its client is listened to.
type evictions struct {
	mu   sync.Mutex
	pods map[string]standing // those that are still there, by name
}

// standing is why a pod is still there.
type standing struct {
	refused bool
	why     string
}

// ask notes what is to be evicted.
func (e *evictions) ask(pods []corev1.Pod) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, pod := range pods {
		e.pods[nameOf(&pod)] = standing{why: "is to be evicted"}
	}
}

// hear notes what came of the attempt to evict a pod.
func (e *evictions) hear(pod string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		e.pods[pod] = standing{why: "is ending"}
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
	case apierrors.IsNotFound(err):
		delete(e.pods, pod)
	default:
		e.pods[pod] = standing{refused: true, why: "may not be evicted: " + clip(reasonOf(err), maxReason)}
	}
}

// finished notes that a pod is gone.
func (e *evictions) finished(pod *corev1.Pod, _ bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		delete(e.pods, nameOf(pod))
	}
}

// String says what is waited for, refusals first. It names few pods and counts the others, and says the same as long as nothing changes.
func (e *evictions) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var refused, other []string
	for _, pod := range slices.Sorted(maps.Keys(e.pods)) {
		said := "pod " + pod + " " + e.pods[pod].why
		if e.pods[pod].refused {
			refused = append(refused, said)
		} else {
			other = append(other, said)
		}
	}
	said := append(refused, other...)
	if more := len(said) - maxNamed; more > 0 {
		said = append(said[:maxNamed], fmt.Sprintf("and %d more", more))
	}
	return clip(strings.Join(said, "; "), maxMessage)
}

// reasonOf is why an eviction was refused. Of a disruption budget, its name and what it lacks are in the causes.
func reasonOf(err error) string {
	if cause, found := apierrors.StatusCause(err, policyv1.DisruptionBudgetCause); found {
		return cause.Message
	}
	return err.Error()
}

func nameOf(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }

// evicting is a client whose evictions are heard, and that can do nothing else to pods: it says that the server can evict, which all do
// that are supported, so that the drain package never deletes a pod behind its disruption budget's back.
type evicting struct {
	kubernetes.Interface
	heard *evictions
}

// Discovery implements kubernetes.Interface.
func (c evicting) Discovery() discovery.DiscoveryInterfaces {
	return evictable{c.Interface.Discovery()}
}

// PolicyV1 implements kubernetes.Interface.
func (c evicting) PolicyV1() policyclient.PolicyV1Interface {
	return evictingPolicy{c.Interface.PolicyV1(), c.heard}
}

type evictable struct{ discovery.DiscoveryInterfaces }

// ServerResourcesForGroupVersion implements discovery.DiscoveryInterface.
func (evictable) ServerResourcesForGroupVersion(string) (*metav1.APIResourceList, error) {
	return &metav1.APIResourceList{APIResources: []metav1.APIResource{
		{Name: "pods/eviction", Namespaced: true, Kind: "Eviction", Group: policyv1.GroupName, Version: policyv1.SchemeGroupVersion.Version},
	}}, nil
}

type evictingPolicy struct {
	policyclient.PolicyV1Interface
	heard *evictions
}

// Evictions implements policyclient.PolicyV1Interface.
func (p evictingPolicy) Evictions(namespace string) policyclient.EvictionInterface {
	return heardEvictions{p.PolicyV1Interface.Evictions(namespace), p.heard}
}

type heardEvictions struct {
	policyclient.EvictionInterface
	heard *evictions
}

// Evict implements policyclient.EvictionInterface.
func (h heardEvictions) Evict(ctx context.Context, eviction *policyv1.Eviction) error {
	err := h.EvictionInterface.Evict(ctx, eviction)
	h.heard.hear(eviction.Namespace+"/"+eviction.Name, err)
	return err
}
