package arm

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// NewCredential returns a credential whose errors are known as such.
func NewCredential(of azcore.TokenCredential) azcore.TokenCredential { return credential{of} }

// credential marks the errors of the credential it wraps, whatever their types: nothing was sent to ARM when one occurs.
type credential struct{ of azcore.TokenCredential }

// GetToken implements azcore.TokenCredential.
func (c credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.of.GetToken(ctx, o)
	if err != nil {
		return azcore.AccessToken{}, &credentialError{err}
	}
	return token, nil
}

// credentialError is that no token could be had.
type credentialError struct{ err error }

func (e *credentialError) Error() string { return "getting a token failed: " + e.err.Error() }

func (e *credentialError) Unwrap() error { return e.err }

// kind tells a credential that is wrong from a token service that is not there.
func (e *credentialError) kind() rollout.Kind {
	var refused *azidentity.AuthenticationFailedError
	if errors.As(e.err, &refused) && refused.RawResponse != nil {
		if s := refused.RawResponse.StatusCode; s >= http.StatusInternalServerError || s == http.StatusTooManyRequests ||
			s == http.StatusRequestTimeout {
			return rollout.KindTransient
		}
		return rollout.KindUnauthorized
	}
	var network net.Error
	if errors.As(e.err, &network) || errors.Is(e.err, context.Canceled) || errors.Is(e.err, context.DeadlineExceeded) {
		return rollout.KindTransient
	}
	return rollout.KindUnauthorized
}
