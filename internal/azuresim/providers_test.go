package azuresim

import (
	"net/http"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/resources"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Providers are ARM's own affair: they are looked up at versions of ARM, which are older than those of the compute provider.
func TestProviders(t *testing.T) {
	const version = "?api-version=2019-10-01"
	s := newSim(t, Options{})
	list := listOf(s.do(http.StatusOK, "GET", "/subscriptions/s/providers"+version, nil).body)
	mustEqual(t, "providers", len(list), len(resources.Namespaces))
	one := s.do(http.StatusOK, "GET", "/subscriptions/s/providers/microsoft.compute"+version, nil).body
	mustEqual(t, "namespace", tree.StringAt(one, "namespace"), "Microsoft.Compute")
	mustEqual(t, "state", tree.StringAt(one, "registrationState"), "Registered")
	s.do(http.StatusOK, "POST", "/subscriptions/s/providers/Microsoft.Network/register"+version, nil)
	r := s.do(http.StatusNotFound, "GET", "/subscriptions/s/providers/Microsoft.Nonsense"+version, nil)
	mustEqual(t, "code", r.code(), "InvalidResourceNamespace")
}

func TestGroupExists(t *testing.T) {
	s := newSim(t, Options{})
	const group = "/subscriptions/s/resourcegroups/g?api-version=2019-10-01"
	s.do(http.StatusNotFound, "HEAD", group, nil)
	s.do(http.StatusCreated, "PUT", group, tree.Members{{"location", "eastus"}})
	s.do(http.StatusNoContent, "HEAD", group, nil)
}
