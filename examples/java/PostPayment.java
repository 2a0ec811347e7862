import alloc.v1.Allocation;
import alloc.v1.AllocationServiceGrpc;
import alloc.v1.Choice;
import alloc.v1.ExplainRequest;
import alloc.v1.PostRequest;
import alloc.v1.PostedEntry;
import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Asks what a payment is about, and posts what is proposed for it.
 *
 * <p>java PostPayment HOST:PORT CA.pem ENTITY PAYMENT — the token: $ALLOC_TOKEN. Whatever happens,
 * run it again with the same payment: it is posted once.
 */
public final class PostPayment {
  private static final int SECONDS = 20;

  /** A call that is safe to make again is made again by gRPC itself. */
  private static final Map<String, Object> RETRIES =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name", List.of(Map.of("service", "alloc.v1.AllocationService")),
                  "retryPolicy",
                      Map.of(
                          "maxAttempts", 5.0,
                          "initialBackoff", "0.1s",
                          "maxBackoff", "2s",
                          "backoffMultiplier", 2.0,
                          "retryableStatusCodes", List.of("UNAVAILABLE")))));

  private PostPayment() {}

  public static void main(String[] words) throws Exception {
    ManagedChannel channel = channel(words[0], words[1]);
    try {
      System.out.println("posted " + post(channel, words[2], words[3]));
    } catch (StatusRuntimeException error) {
      System.err.println(error.getStatus().getDescription() + " [" + reason(error) + "]");
      System.exit(1);
    } finally {
      channel.shutdownNow().awaitTermination(SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Connects with TLS; {@code -} in the place of the authority is for this machine alone. */
  private static ManagedChannel channel(String address, String authority) throws Exception {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forTarget(address).defaultServiceConfig(RETRIES).enableRetry();
    if (authority.equals("-")) {
      return builder.usePlaintext().build();
    }
    File certificate = new File(authority);
    return builder
        .sslContext(GrpcSslContexts.forClient().trustManager(certificate).build())
        .build();
  }

  /** Posts the first proposal of a payment; says what was posted. */
  private static String post(ManagedChannel channel, String entity, String paymentId) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + System.getenv("ALLOC_TOKEN"));
    AllocationServiceGrpc.AllocationServiceBlockingStub alloc =
        AllocationServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    ExplainRequest asked =
        ExplainRequest.newBuilder().setEntity(entity).setPaymentId(paymentId).build();
    for (Allocation allocation :
        alloc
            .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
            .explain(asked)
            .getDecision()
            // Java tells two fields of like names apart by their numbers.
            .getExplanations9(0)
            .getAllocationsList()) {
      System.out.println(allocation.getItemId() + ": " + allocation.getAllocatedMinor());
    }
    PostRequest request =
        PostRequest.newBuilder()
            .setEntity(entity)
            // Our own name for this posting: a repeated call posts nothing again.
            .setIdempotencyKey("post " + paymentId)
            .setPaymentId(paymentId)
            .setChoice(Choice.newBuilder().setRank(0))
            .build();
    PostedEntry entry =
        alloc.withDeadlineAfter(SECONDS, TimeUnit.SECONDS).post(request).getEntries(0);
    return entry.getJournal() + " " + entry.getFiscalYear() + " " + entry.getNumber();
  }

  /** Reads why a call was refused; the reasons are those of {@code alloc.v1.ErrorReason}. */
  private static String reason(StatusRuntimeException error) {
    try {
      for (Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          return detail.unpack(ErrorInfo.class).getReason().replace("ERROR_REASON_", "");
        }
      }
    } catch (com.google.protobuf.InvalidProtocolBufferException broken) {
      // The status alone has to do.
    }
    return error.getStatus().getCode().name();
  }
}
