package azure

import (
	"context"
	"encoding/json"
	"net/http"

	azcorearm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azure/arm"
)

// document is a resource as JSON. A write changes one part of it and sends the rest as it was read; the SDK's types would lose members that
// they do not know.
type document map[string]json.RawMessage

// rawRequest is a request that the SDK's clients cannot make. The path has names only that were looked at.
type rawRequest struct {
	method, path, version string
	etag                  string // for If-Match; "": none
	body                  any
}

// send sends it, and returns the answer of one of the statuses.
func (r rawRequest) send(ctx context.Context, client *azcorearm.Client, statuses ...int) (*http.Response, error) {
	request, err := runtime.NewRequest(ctx, r.method, runtime.JoinPaths(client.Endpoint(), r.path))
	if err != nil {
		return nil, err
	}
	request.Raw().URL.RawQuery = "api-version=" + r.version
	request.Raw().Header["Accept"] = []string{"application/json"}
	if r.etag != "" {
		request.Raw().Header["If-Match"] = []string{r.etag}
	}
	if r.body != nil {
		if err := runtime.MarshalAsJSON(request, r.body); err != nil {
			return nil, err
		}
	}
	answer, err := client.Pipeline().Do(request)
	if err != nil {
		return nil, err
	}
	if !runtime.HasStatusCode(answer, statuses...) {
		return nil, runtime.NewResponseError(answer)
	}
	return answer, nil
}

// readDocument reads a resource with its ETag: one GET.
func readDocument(ctx context.Context, client *azcorearm.Client, x *arm.Call, path, version string) (document, string, error) {
	answer, err := rawRequest{method: http.MethodGet, path: path, version: version}.send(x.With(ctx), client, http.StatusOK)
	if err != nil {
		return nil, "", x.Problem(err)
	}
	body, err := runtime.Payload(answer)
	if err != nil {
		return nil, "", x.Problem(err)
	}
	read := document{}
	if json.Unmarshal(body, &read) != nil || len(read) == 0 {
		return nil, "", x.Untrusted("the answer is no resource")
	}
	var etag string
	if json.Unmarshal(read["etag"], &etag) != nil || etag == "" {
		etag = answer.Header.Get("ETag")
	}
	return read, etag, nil
}
