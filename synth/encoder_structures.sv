// Structures for the steps of the encoder, each computing the same bits: what docs/encoder.md compares.
// Combinational, one lane each. rtl/ uses the ones marked (used). tb/test_structures.c shows that they agree.

// Index of the nearest entry (docs/format.md section 6) out of thresholds, entry k + entry k+1.
module structure_search #(
  parameter int unsigned Kind = 0,  // 0 count 2^B - 1 comparisons; 1 the same, picked by muxes; 2 binary search (used)
  parameter int unsigned B = 4,
  parameter int unsigned EW = 6,
  localparam int unsigned ThrW = EW + 1,
  localparam int unsigned Thresholds = (1 << B) - 1
) (
  input  logic [EW+3:0]              y_i,
  input  logic [Thresholds*ThrW-1:0] threshold_i,
  output logic [B-1:0]               index_o
);
  logic signed [ThrW-1:0] above;
  logic signed [ThrW-1:0] threshold [Thresholds + 1];
  assign above = ThrW'($signed(y_i + (EW+4)'(7)) >>> 3);
  for (genvar k = 0; k < Thresholds; k++) begin : g_threshold
    assign threshold[k] = threshold_i[k*ThrW +: ThrW];
  end
  assign threshold[Thresholds] = '0;

  if (Kind == 2) begin : g_binary
    always_comb begin
      logic [B-1:0] half;
      index_o = '0;
      for (int s = B - 1; s >= 0; s--) begin
        half = index_o;
        half[s] = 1'b1;
        index_o[s] = above > threshold[half - 1'b1];
      end
    end
  end else begin : g_all
    logic passed [Thresholds + 1];
    for (genvar k = 0; k <= Thresholds; k++) begin : g_passed
      assign passed[k] = k < Thresholds && above > threshold[k];
    end
    always_comb begin
      logic [B-1:0] half;
      index_o = '0;
      if (Kind == 0) begin
        for (int unsigned k = 0; k < Thresholds; k++) index_o = index_o + B'(passed[k]);
      end else begin
        for (int s = B - 1; s >= 0; s--) begin
          half = index_o;
          half[s] = 1'b1;
          index_o[s] = passed[half - 1'b1];
        end
      end
    end
  end
endmodule

// What is summed over the block and compared between codebooks.
module structure_error #(
  // 0 d * d, signed; 1 |d| * |d|; 2 table of |d|; 3 rows of |d| (used);
  // 4 entry * (8 entry - Y), which is (d^2 - Y^2) / 32 and so orders the codebooks alike
  parameter int unsigned Kind = 0,
  parameter int unsigned EW = 6,
  localparam int unsigned YW = EW + 4
) (
  input  logic [YW-1:0]   y_i,
  input  logic [EW-1:0]   entry_i,  // sign-magnitude
  output logic [2*YW-1:0] error_o
);
  logic [YW:0]   value, difference;
  logic [YW-1:0] distance;
  assign value      = {2'b0, entry_i[EW-2:0], 4'b0};
  assign difference = {y_i[YW-1], y_i} + (entry_i[EW-1] ? value : ~value + 1'b1);
  assign distance   = difference[YW] ? ~difference[YW-1:0] + 1'b1 : difference[YW-1:0];

  if (Kind == 0) begin : g_signed
    logic signed [2*YW-1:0] d;
    assign d = (2*YW)'($signed(difference));
    assign error_o = d * d;
  end else if (Kind == 1) begin : g_product
    assign error_o = (2*YW)'(distance) * (2*YW)'(distance);
  end else if (Kind == 2) begin : g_table
    logic [2*YW-1:0] square [1 << YW];
    initial for (int unsigned d = 0; d < 1 << YW; d++) square[d] = (2*YW)'(d * d);
    assign error_o = square[distance];
  end else if (Kind == 3) begin : g_rows
    always_comb begin
      error_o = '0;
      for (int unsigned i = 0; i < YW; i++) begin
        error_o = error_o + (((2*YW)'(distance) >> (i + 1) << 2 | (2*YW)'(1)) << (2 * i) & {2*YW{distance[i]}});
      end
    end
  end else begin : g_linear
    logic signed [YW:0] toward;  // 8 |entry| - Y, Y with the entry's sign
    assign toward  = (YW+1)'({entry_i[EW-2:0], 3'b0})
                   + (entry_i[EW-1] ? {y_i[YW-1], y_i} : ~{y_i[YW-1], y_i} + 1'b1);
    assign error_o = (2*YW)'(toward) * (2*YW)'($signed({1'b0, entry_i[EW-2:0]}));
  end
endmodule

// m / divisor, m = {1, fraction_i} in 128 to 255 with EW fraction bits, and whether anything is left.
module structure_divide #(
  parameter int unsigned Kind = 0,  // 0 long division (used); 1 times the reciprocal; 2 table
  parameter int unsigned EW = 6,
  localparam int unsigned QuotientW = EW + 5
) (
  input  logic [6:0]           fraction_i,
  input  logic [2:0]           divisor_i,   // 8 to 15 less 8
  output logic [QuotientW-1:0] quotient_o,
  output logic                 rest_o
);
  logic [7:0] m;
  logic [3:0] divisor;
  assign m = {1'b1, fraction_i};
  assign divisor = {1'b1, divisor_i};

  if (Kind == 0) begin : g_long
    always_comb begin
      logic [4:0] rest;
      logic [QuotientW+2:0] dividend;
      dividend = {m, {EW{1'b0}}};
      rest = {2'b0, dividend[QuotientW+2 -: 3]};
      for (int i = QuotientW - 1; i >= 0; i--) begin
        rest = {rest[3:0], dividend[i]};
        quotient_o[i] = rest >= {1'b0, divisor};
        if (quotient_o[i]) rest = rest - {1'b0, divisor};
      end
      rest_o = rest != '0;
    end
  end else if (Kind == 1) begin : g_reciprocal
    // 2^(EW+12) / divisor rounded up: the excess stays below 2^8, a rest is at least 2^12 / 15.
    localparam int unsigned K = EW + 12;
    logic [K-3:0] reciprocal;
    logic [K+7:0] product;
    always_comb begin
      reciprocal = '0;
      for (int unsigned d = 8; d < 16; d++) begin
        if (divisor == 4'(d)) reciprocal = (K-2)'(((1 << K) + d - 1) / d);
      end
    end
    assign product    = (K+8)'(m) * (K+8)'(reciprocal);
    assign quotient_o = QuotientW'(product >> 12);
    assign rest_o     = product[11:8] != '0;
  end else begin : g_table
    logic [QuotientW:0] table_of [1024];
    initial begin
      for (int unsigned i = 0; i < 1024; i++) begin
        table_of[i] = {QuotientW'(((128 + i / 8) << EW) / (8 + i % 8)), ((128 + i / 8) << EW) % (8 + i % 8) != 0};
      end
    end
    assign {quotient_o, rest_o} = table_of[{fraction_i, divisor_i}];
  end
endmodule

// Indices and entries of all codebooks at once, where the codebooks are constants.
module structure_frozen #(
  parameter int unsigned Kind = 0,  // 0 a binary search each (used); 1 shared comparisons; 2 table of (Y + 7) >> 3
  parameter int unsigned NC = 16,
  parameter int unsigned B = 4,
  parameter int unsigned EW = 6,
  localparam int unsigned Entries = 1 << B,
  localparam int unsigned ThrW = EW + 1,
  parameter logic [NC*Entries*EW-1:0] FrozenTable = '0  // two's complement
) (
  input  logic [EW+3:0]    y_i,
  output logic [NC*B-1:0]  index_o,
  output logic [NC*EW-1:0] entry_o   // two's complement
);
  logic signed [ThrW-1:0] above;
  assign above = ThrW'($signed(y_i + (EW+4)'(7)) >>> 3);

  logic [(1<<ThrW)-1:0] beyond;  // bit t + 2^EW: above > t
  for (genvar t = 0; t < 1 << ThrW; t++) begin : g_beyond
    assign beyond[t] = $signed({above[ThrW-1], above}) > (ThrW+1)'(t) - (ThrW+1)'(1 << EW);
  end

  for (genvar c = 0; c < NC; c++) begin : g_book
    logic [B-1:0]  index;
    logic [EW-1:0] entry_of [Entries];
    logic signed [ThrW-1:0] threshold_of [Entries-1];
    for (genvar k = 0; k < Entries; k++) begin : g_entry
      assign entry_of[k] = FrozenTable[(c*Entries + k)*EW +: EW];
      if (k < Entries - 1) begin : g_threshold
        assign threshold_of[k] = ThrW'($signed(FrozenTable[(c*Entries + k)*EW +: EW]))
                               + ThrW'($signed(FrozenTable[(c*Entries + k + 1)*EW +: EW]));
      end
    end
    if (Kind == 2) begin : g_table
      logic [B-1:0] table_of [1 << ThrW];
      for (genvar z = 0; z < 1 << ThrW; z++) begin : g_z
        always_comb begin
          table_of[z] = '0;
          for (int unsigned k = 0; k < Entries - 1; k++) begin
            if ($signed(ThrW'(z)) > threshold_of[k]) table_of[z] = table_of[z] + 1'b1;
          end
        end
      end
      assign index = table_of[above];
    end else begin : g_search
      logic passed [Entries];
      for (genvar k = 0; k < Entries; k++) begin : g_passed
        if (k == Entries - 1) begin : g_none
          assign passed[k] = 1'b0;
        end else if (Kind == 1) begin : g_shared
          assign passed[k] = beyond[$unsigned(threshold_of[k]) ^ ThrW'(1 << EW)];
        end else begin : g_own
          assign passed[k] = above > threshold_of[k];
        end
      end
      always_comb begin
        logic [B-1:0] half;
        index = '0;
        for (int s = B - 1; s >= 0; s--) begin
          half = index;
          half[s] = 1'b1;
          index[s] = passed[half - 1'b1];
        end
      end
    end
    assign index_o[c*B +: B]   = index;
    assign entry_o[c*EW +: EW] = entry_of[index];
  end
endmodule

// What an inexact selector would look at instead of trying codebooks: the largest magnitude of the block,
// its sign, and the second moment in units of that magnitude's binade. The key addresses a table of selectors.
module structure_moments #(
  parameter int unsigned Kind = 0,
  parameter int unsigned LB = 8,
  parameter int unsigned EW = 6,
  localparam int unsigned YW = EW + 4,
  localparam int unsigned SumW = 2 * (YW - 1) + $clog2(LB)
) (
  input  logic [LB*YW-1:0] y_i,
  output logic [10:0]      key_o  // {sign of the largest, 5 bits of its magnitude, 5 bits of the moment}
);
  always_comb begin
    logic [YW-2:0]   magnitude, largest;
    logic            sign;
    logic [SumW-1:0] sum;
    logic [SumW+3:0] moment;
    largest = '0;
    sign    = 1'b0;
    sum     = '0;
    for (int unsigned lane = 0; lane < LB; lane++) begin
      magnitude = y_i[lane*YW + YW - 1] ? ~y_i[lane*YW +: YW-1] + 1'b1 : y_i[lane*YW +: YW-1];
      if (magnitude > largest) begin
        largest = magnitude;
        sign    = y_i[lane*YW + YW - 1];
      end
      for (int unsigned i = 0; i < YW - 1; i++) begin
        sum = sum + ((SumW'(magnitude) >> (i + 1) << 2 | SumW'(1)) << (2 * i) & {SumW{magnitude[i]}});
      end
    end
    // largest < 2^bits: sum < LB * 2^(2*bits); the top 5 bits of that range.
    moment = {sum, 4'b0} >> ($clog2(LB) - 1);
    for (int unsigned bit_ = 0; bit_ < YW - 1; bit_++) begin
      if ((largest >> bit_) != '0) moment = moment >> 2;
    end
    key_o = {sign, largest[YW-2 -: 5], moment[4:0]};
  end
  if (Kind != 0) begin : g_bad_kind
    $error("structure_moments: there is only Kind 0");
  end
endmodule
