package azuresim

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/control"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Requests that no client of ours sends are refused with the right status and code.
func TestStrangeRequests(t *testing.T) {
	unread := "?" + strings.Repeat("a=b&", 2_000) + "api-version=" + newest
	deep := strings.Repeat(`{"tags":`, tree.Deepest) + "{}" + strings.Repeat("}", tree.Deepest)
	for name, tc := range map[string]struct {
		call
		status int
		code   string
	}{
		"method that is none":       {call{"BREW", testSet, nil}, 405, "MethodNotAllowed"},
		"method not for this":       {call{"POST", testSet + "/virtualMachines", nil}, 405, "MethodNotAllowed"},
		"no such resource":          {call{"GET", testGroup + "/providers/Microsoft.Compute/bicycles", nil}, 404, "InvalidResourceType"},
		"no path":                   {call{"GET", "/", nil}, 404, "NotFound"},
		"path without end":          {call{"GET", "/" + strings.Repeat("a/", arm.LongestPath), nil}, 404, "NotFound"},
		"name without end":          {call{"GET", testSet + strings.Repeat("a", arm.LongestPath), nil}, 414, "RequestUriTooLong"},
		"subscription that is none": {call{"GET", "/subscriptions/a%20b/resourceGroups/rg", nil}, 400, "InvalidSubscriptionId"},
		"lines in a subscription":   {call{"GET", "/subscriptions/a%0d%0ab", nil}, 400, "InvalidSubscriptionId"},
		"group that is none":        {call{"PUT", testGroup + "%3Fx", tree.Members{{"location", "eastus"}}}, 400, "InvalidResourceGroup"},
		"lines in a location":       {call{"PUT", testGroup, tree.Members{{"location", "a\r\nb"}}}, 400, "LocationNotAvailableForResourceType"},
		"lines in a path's location": {call{"GET", strings.Replace(testOperation, "eastus", "a%0d%0ab", 1), nil}, 400,
			"LocationNotAvailableForResourceType"},
		"version that is no date": {call{"GET", testSet + "?api-version=2026-13-45", nil}, 400, "InvalidApiVersionParameter"},
		"no body":                 {call{"PATCH", testSet, ""}, 400, "InvalidRequestContent"},
		"body cut off":            {call{"PATCH", testSet, `{"tags":{"a":`}, 400, "InvalidRequestContent"},
		"two bodies":              {call{"PATCH", testSet, `{}{}`}, 400, "InvalidRequestContent"},
		"body in UTF-16":          {call{"PATCH", testSet, "\xff\xfe{\x00}\x00"}, 400, "InvalidRequestContent"},
		"body too deep":           {call{"PATCH", testSet, deep}, 400, "InvalidRequestContent"},
		"body too large":          {call{"PATCH", testSet, strings.Repeat(" ", arm.MaxBody+1)}, 413, "RequestContentTooLarge"},
		"nesting without end":     {call{"PATCH", testSet, strings.Repeat("[", 100_000)}, 400, "InvalidRequestContent"},
		"queries without end":     {call{"GET", testSet + "/virtualMachines" + unread + "&$filter=x", nil}, 400, "InvalidParameter"},
		"names without end":       {call{"PUT", testSet, `{"` + strings.Repeat("a", 100_000) + `":1,"sku":7}`}, 400, "InvalidRequestContent"},
		"array for an object":     {call{"PATCH", testSet, `[]`}, 400, "InvalidRequestContent"},
		"number for a text":       {call{"PATCH", testSet, `{"tags":{"a":1}}`}, 400, "InvalidRequestContent"},
		"text for a switch": {call{"PATCH", testSet, `{"properties":{"automaticRepairsPolicy":{"enabled":"true"}}}`}, 400,
			"InvalidRequestContent"},
		"text in an extension": {call{"PATCH", testSet,
			`{"properties":{"virtualMachineProfile":{"extensionProfile":{"extensions":[{"name":"x","properties":"y"}]}}}}`}, 400,
			"InvalidRequestContent"},
		"text for a list of ids":   {call{"POST", testSet + "/manualupgrade", `{"instanceIds":"0"}`}, 400, "InvalidRequestContent"},
		"one stale id of two":      {call{"POST", testSet + "/manualupgrade", `{"instanceIds":["0","99"]}`}, 400, "InvalidParameter"},
		"capacity below zero":      {call{"PATCH", testSet, `{"sku":{"capacity":-1}}`}, 400, "InvalidParameter"},
		"capacity beyond numbers":  {call{"PATCH", testSet, `{"sku":{"capacity":1e999}}`}, 400, "InvalidParameter"},
		"text for a load balancer": {call{"PUT", testBalancer, `{"location":"eastus","properties":"x"}`}, 400, "InvalidRequestFormat"},
		"text for its rules": {call{"PUT", testBalancer, `{"location":"eastus","properties":{"loadBalancingRules":"x"}}`}, 400,
			"InvalidRequestFormat"},
		"number for a part": {call{"PUT", testBalancer, `{"location":"eastus","properties":{"probes":[7]}}`}, 400, "InvalidRequestFormat"},
		"text in a part":    {call{"PUT", testBalancer + "/backendAddressPools/blue", `{"properties":"x"}`}, 400, "InvalidRequestFormat"},
		"text for a port": {call{"PUT", testBalancer + "/inboundNatRules/ssh", `{"properties":{"frontendIPConfiguration":{"id":"` +
			testBalancer + `/frontendIPConfigurations/front"},"frontendPort":"http","backendPort":80}}`}, 400, "InvalidRequestFormat"},
		"number for a reference": {call{"PUT", testBalancer + "/inboundNatRules/ssh",
			`{"properties":{"frontendIPConfiguration":{"id":7},"frontendPort":80,"backendPort":80}}`}, 400, "LinkedInvalidPropertyId"},
		"array for an address":    {call{"PUT", testAddress, `{"location":"eastus","properties":[]}`}, 400, "InvalidRequestFormat"},
		"number for its location": {call{"PUT", testAddress, `{"location":7}`}, 400, "LocationRequired"},
		"text for its tags":       {call{"PATCH", testAddress, `{"tags":"x"}`}, 400, "InvalidRequestFormat"},
		"number in its tags":      {call{"PATCH", testBalancer, `{"tags":{"a":1}}`}, 400, "InvalidRequestFormat"},
		"number for an instance": {call{"POST", testBalancer + "/backendAddressPools/blue/queryInboundNatRulePortMapping", `{"ipAddress":7}`},
			400, "InvalidRequestFormat"},
		"address that is in use":  {call{"DELETE", testAddress, nil}, 400, "PublicIPAddressCannotBeDeleted"},
		"balancer that is in use": {call{"DELETE", testBalancer, nil}, 400, "LoadBalancerInUseByVirtualMachineScaleSet"},
		"good tags, bad capacity": {call{"PATCH", testSet, `{"tags":{"a":"b"},"sku":{"capacity":1.5}}`}, 400, "InvalidParameter"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Options{})
			s.stageStrange()
			before := s.server.everything()
			r := s.do(tc.status, tc.method, tc.path, tc.body)
			mustEqual(t, "code", r.code(), tc.code)
			mustEqual(t, "has a message", tree.StringAt(r.body, "error", "message") != "", true)
			mustEqual(t, "what there is", s.server.everything(), before)
		})
	}
}

// Odd but clear bodies are accepted: the last of two members counts, a byte order mark does not.
func TestOddBodies(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	s.patch("\ufeff" + `{"tags":{"a":"first","a":"last"}}`)
	mustEqual(t, "tag", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "tags", "a"), "last")
	s.patch("{\"tags\":{\"a\":\"\xc3\x28\"}}")
	mustEqual(t, "tag", tree.StringAt(s.do(http.StatusOK, "GET", testSet, nil).body, "tags", "a"), "\ufffd(")
}

// Brackets in a string do not nest, and an escaped quote does not end a string.
func TestDepth(t *testing.T) {
	brackets := strings.Repeat("[", tree.Deepest+1)
	for text, want := range map[string]bool{
		brackets: true, brackets[1:]: false, `{"a":"` + brackets + `"}`: false, `{"a":"\"":"` + brackets + `"}`: false,
		`{"a":"\\":` + brackets: true, strings.Repeat("[]", 1000): false, strings.Repeat("}", 1000) + brackets: false,
	} {
		mustEqual(t, text, tree.IsTooDeep([]byte(text)), want)
	}
}

func TestAllowedMethods(t *testing.T) {
	s := newSim(t, Options{})
	r := s.do(http.StatusMethodNotAllowed, "POST", testSet, nil)
	mustEqual(t, "allowed", r.header.Get("Allow"), "DELETE, GET, PATCH, PUT")
}

// A body that ends before its length is refused; what came is not applied.
func TestBodyCutOffOnTheWire(t *testing.T) {
	s := newSim(t, Options{})
	s.stage(1)
	before := s.server.everything()
	web := httptest.NewServer(s.server)
	defer web.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"tags":{"a":"b"}}`
	fmt.Fprintf(conn, "PATCH %s?api-version=%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: %d\r\n\r\n%s", testSet,
		newest, len(body)+10, body)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answered, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, "status", res.StatusCode, http.StatusBadRequest)
	mustEqual(t, "shaped as ARM's", bytes.Contains(answered, []byte(`{"error":{"code":"InvalidRequestContent"`)), true)
	mustEqual(t, "what there is", s.server.everything(), before)
}

// timed notes the deadlines that are set on a connection.
type timed struct {
	*httptest.ResponseRecorder
	deadlines []string
}

func (w *timed) note(what string, t time.Time) error {
	if t.IsZero() {
		what += " no more"
	}
	w.deadlines = append(w.deadlines, what)
	return nil
}
func (w *timed) SetReadDeadline(t time.Time) error  { return w.note("read", t) }
func (w *timed) SetWriteDeadline(t time.Time) error { return w.note("write", t) }

// Clients have limited time to send a body and to fetch an answer; the delay of a fault does not count.
func TestSlowClientsAreBounded(t *testing.T) {
	s := newSim(t, Options{})
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	s.server.ServeHTTP(w, httptest.NewRequest("PUT", testGroup+"?api-version="+newest, strings.NewReader("{}")))
	mustEqual(t, "deadlines", strings.Join(w.deadlines, ", "), "read, read no more, write")
}

// The log of calls is bounded by its size, whatever is sent.
func TestCallLogIsBounded(t *testing.T) {
	s := newSim(t, Options{})
	body := strings.Repeat(" ", control.BodyLogLimit)
	for range 3 * control.BytesKept / control.BodyLogLimit {
		s.server.call(&arm.Request{Method: "PUT", Path: testGroup, Header: http.Header{}, Body: []byte(body)})
	}
	if l := s.server.calls; l.Bytes > control.BytesKept+control.BodyLogLimit+1000 || len(l.Entries) == 0 {
		t.Fatalf("%d calls of %d bytes are kept", len(l.Entries), l.Bytes)
	}
	s.control("DELETE", "/calls", nil)
	mustEqual(t, "when it is empty", s.server.calls.Bytes, 0)
}
