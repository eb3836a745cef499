package azuresim_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v8"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
)

// patience is how long a test waits for an event that is certain to happen.
const patience = 30 * time.Second

// listener returns the address for clients of a rule, or of NAT to an instance; the argument is the end of the listener's name.
func (w *world) listener(end string) string {
	w.t.Helper()
	for _, d := range w.listeners() {
		if strings.HasSuffix(d.Name, strings.ToLower(end)) {
			if d.Error != "" {
				w.t.Fatal(d.Error)
			}
			return d.Address
		}
	}
	w.t.Fatalf("there is no listener %q among %+v", end, w.listeners())
	return ""
}

type shownListener struct {
	Name, Address, Error string
	Port                 int
}

func (w *world) listeners() []shownListener {
	w.t.Helper()
	var list []shownListener
	w.control("GET", "/listeners", nil, &list)
	return list
}

// visit makes one request on a connection of its own.
func visit(ctx context.Context, address string) (string, error) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", res.StatusCode)
	}
	return string(body), err
}

func (w *world) wantPages(address string, pages ...string) {
	w.t.Helper()
	for _, page := range pages {
		got, err := visit(w.t.Context(), address)
		if err != nil {
			w.t.Fatal(err)
		}
		want(w.t, "page", got, page)
	}
}

func (w *world) wantNoAnswer(address string) {
	w.t.Helper()
	if got, err := visit(w.t.Context(), address); err == nil {
		w.t.Fatalf("%s answered %q", address, got)
	}
}

// leadTo returns the load balancer with its rule to another pool.
func leadTo(pool string) armnetwork.LoadBalancer {
	lb := balancerBody()
	lb.Properties.LoadBalancingRules[0].Properties.BackendAddressPool = ref("backendAddressPools", pool)
	return lb
}

// Blue-green: a load balancer is in front of two scale sets. A PUT of the whole points its rule at the other, and back, while clients
// connect without a pause. No client is refused, and each gets a page of one of the two.
func TestBlueGreenLosesNoRequest(t *testing.T) {
	w := newRunningWorld(t, "stay")
	w.makeBalancer(nil)
	w.makeSet("blue", 2, attached([]string{"blue"}, nil))
	w.makeSet("green", 2, attached([]string{"green"}, nil))
	front := w.listener("/loadbalancingrules/http")
	w.wantPages(front, "blue", "blue")

	crowd := newCrowd(t, front)
	crowd.await("blue")
	w.putBalancer(leadTo("green"))
	w.wantPages(front, "green", "green", "green", "green")
	crowd.await("green")
	w.putBalancer(leadTo("blue"))
	w.wantPages(front, "blue", "blue", "blue", "blue")
	crowd.await("blue")
	crowd.end()
	want(t, "where clients come in", w.listener("/loadbalancingrules/http"), front)
}

// crowd is clients that come in one after the other.
type crowd struct {
	t       *testing.T
	stop    context.CancelFunc
	clients sync.WaitGroup
	pages   chan string
	failed  chan error
}

func newCrowd(t *testing.T, address string) *crowd {
	ctx, stop := context.WithCancel(t.Context())
	c := &crowd{t: t, stop: stop, pages: make(chan string), failed: make(chan error, 1)}
	for range 4 {
		c.clients.Go(func() { c.hammer(ctx, address) })
	}
	t.Cleanup(func() { stop(); c.clients.Wait() })
	return c
}

func (c *crowd) hammer(ctx context.Context, address string) {
	for ctx.Err() == nil {
		page, err := visit(context.WithoutCancel(ctx), address)
		if err == nil && page != "blue" && page != "green" {
			err = fmt.Errorf("the page says %q", page)
		}
		if err != nil {
			select {
			case c.failed <- err:
			default:
			}
			return
		}
		select {
		case c.pages <- page:
		case <-ctx.Done():
		default: // no test reads it: on to the next
		}
	}
}

// await waits until a client has seen a page.
func (c *crowd) await(page string) {
	c.t.Helper()
	late := time.After(patience)
	for {
		select {
		case got := <-c.pages:
			if got == page {
				return
			}
		case err := <-c.failed:
			c.t.Fatal(err)
		case <-late:
			c.t.Fatalf("no client saw %q", page)
		}
	}
}

func (c *crowd) end() {
	c.t.Helper()
	c.stop()
	c.clients.Wait()
	select {
	case err := <-c.failed:
		c.t.Fatal(err)
	default:
	}
}

// keptOpen is a client that stays on one connection.
type keptOpen struct {
	conn   net.Conn
	reader *bufio.Reader
}

func stay(t *testing.T, address string) keptOpen {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return keptOpen{conn, bufio.NewReader(conn)}
}

func (k keptOpen) ask() (string, error) {
	if _, err := fmt.Fprint(k.conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return "", err
	}
	res, err := http.ReadResponse(k.reader, nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// docs/azure.md §2.10: it is not verified what happens to an established connection when its rule is switched, so a switch offers both.
func TestEstablishedConnections(t *testing.T) {
	for flows, stays := range map[kernel.Choice]bool{"": true, "stay": true, "break": false} {
		t.Run("flows "+string(flows), func(t *testing.T) {
			w := newRunningWorld(t, flows)
			w.makeBalancer(nil)
			w.makeSet("blue", 1, attached([]string{"blue"}, nil))
			w.makeSet("green", 1, attached([]string{"green"}, nil))
			client := stay(t, w.listener("/loadbalancingrules/http"))
			page, err := client.ask()
			want(t, "page", fmt.Sprint(page, err), "blue<nil>")
			w.putBalancer(leadTo("blue")) // a write that switches nothing breaks nothing
			page, err = client.ask()
			want(t, "page", fmt.Sprint(page, err), "blue<nil>")
			w.putBalancer(leadTo("green"))
			page, err = client.ask()
			if stays {
				want(t, "page", fmt.Sprint(page, err), "blue<nil>")
			}
			for !stays && err == nil { // it is broken from another goroutine
				_, err = client.ask()
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the connection goes on")
			}
			w.wantPages(w.listener("/loadbalancingrules/http"), "green")
		})
	}
}

// A write leads traffic when its operation has ended, not before, and not at all where it fails.
func TestTrafficFollowsTheOperation(t *testing.T) {
	w := newRunningWorld(t, "stay")
	w.makeBalancer(nil)
	w.makeSet("blue", 1, attached([]string{"blue"}, nil))
	w.makeSet("green", 1, attached([]string{"green"}, nil))
	front := w.listener("/loadbalancingrules/http")
	if _, err := w.balancers.BeginCreateOrUpdate(t.Context(), "rg", "lb", leadTo("green"), nil); err != nil {
		t.Fatal(err)
	}
	w.wantPages(front, "blue")
	w.settle()
	w.wantPages(front, "green")
	w.control("PUT", "/faults", []map[string]any{{"operation": "LoadBalancers.CreateOrUpdate", "kind": "notApplied"}}, nil)
	w.putBalancer(leadTo("blue"))
	w.wantPages(front, "green")
}

// docs/azure.md §2.6, §2.10: each instance is reached by a port of its own, of a NAT pool or of a NAT rule of a backend pool, and no
// other instance by it.
func TestNATReachesOneInstance(t *testing.T) {
	w := newRunningWorld(t, "stay")
	w.makeBalancer(func(p *armnetwork.LoadBalancerPropertiesFormat) {
		rule := natRule(80)
		p.InboundNatRules = []*armnetwork.InboundNatRule{&rule}
		p.InboundNatPools = []*armnetwork.InboundNatPool{natPool("nat", 51000, 80), natPool("ssh", 52000, 22)}
	})
	w.makeSet("blue", 2, attached([]string{"blue"}, []string{"nat", "ssh"}))
	member := func(source, vm string) string {
		return source + " " + scaleSetID("blue") + "/virtualMachines/" + vm + "/networkInterfaces/nic/ipConfigurations/ip"
	}
	for _, source := range []string{"/inboundNatRules/ssh", "/inboundNatPools/nat"} {
		w.wantPages(w.listener(member(source, "0")), "blue", "blue")
		w.control("POST", "/health", map[string]any{"scaleSet": scaleSetID("blue"), "instance": 0, "state": "unhealthy"}, nil)
		w.wantNoAnswer(w.listener(member(source, "0")))
		w.wantPages(w.listener(member(source, "1")), "blue", "blue")
		w.control("POST", "/health", map[string]any{"scaleSet": scaleSetID("blue"), "instance": 0, "state": "healthy"}, nil)
	}
	w.wantNoAnswer(w.listener(member("/inboundNatPools/ssh", "1"))) // nothing listens at the instance's port 22
	want(t, "port", w.portOf(member("/inboundNatPools/nat", "1")), 51001)
	w.send("POST", scaleSetID("blue")+"/delete?api-version=2024-07-01", `{"instanceIds": ["0"]}`, http.StatusAccepted)
	w.settle()
	want(t, "listeners", len(w.listeners()), 4) // the rule's, and those of the instance that is left
	want(t, "port", w.portOf(member("/inboundNatPools/nat", "1")), 51001)
	want(t, "port", w.portOf(member("/inboundNatRules/ssh", "1")), 50001)
	w.wantPages(w.listener(member("/inboundNatPools/nat", "1")), "blue")
}

func (w *world) portOf(end string) int {
	w.t.Helper()
	for _, d := range w.listeners() {
		if strings.HasSuffix(d.Name, strings.ToLower(end)) {
			return d.Port
		}
	}
	return 0
}

// Without a public IP address a frontend has a private one, to which clients connect in the same way; all of it goes with the load
// balancer.
func TestPrivateFrontend(t *testing.T) {
	w := newRunningWorld(t, "stay")
	lb := balancerBody()
	lb.Properties.FrontendIPConfigurations[0].Properties = &armnetwork.FrontendIPConfigurationPropertiesFormat{
		Subnet: &armnetwork.Subnet{ID: to.Ptr(group + "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default")},
	}
	lb = w.putBalancer(lb)
	w.makeSet("blue", 1, attached([]string{"blue"}, nil))
	front := w.listener("/loadbalancingrules/http")
	w.wantPages(front, "blue")
	host, _, err := net.SplitHostPort(front)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "address", *w.balancer().Properties.FrontendIPConfigurations[0].Properties.PrivateIPAddress, host)
	w.send("DELETE", scaleSetID("blue")+"?api-version=2024-07-01", "", http.StatusAccepted)
	w.settle()
	w.wantNoAnswer(front)
	p, err := w.balancers.BeginDelete(t.Context(), "rg", "lb", nil)
	done(t, w, p, err)
	w.settle()
	want(t, "listeners", len(w.listeners()), 0)
	w.wantNoAnswer(front)
}
